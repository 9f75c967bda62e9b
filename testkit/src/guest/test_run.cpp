// SPDX-License-Identifier: Apache-2.0
#include "test_run.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "../variables.h"
#include "actor.h"
#include "features.h"
#include "fixtures.h"
#include "gadget_process.h"

namespace gadget::testkit::guest {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStopTimeout{15'000};  // of a gadget that has much to say on a busy machine
constexpr milliseconds kCleanupTimeout{10'000};

/// One test on its way: owns the stimulus processes and knows what to tell the host.
class TestRun {
  public:
    TestRun(const Job& job, const JobTest& test, std::string folder, Channel& channel)
        : job_(job), test_(test), folder_(std::move(folder)), channel_(channel) {}

    void run() {
        tell("begin", {});
        for (const auto& feature : test_.features) {
            if (auto why = missing_feature(feature); !why.empty()) {
                tell("skip", {feature, std::move(why)});
                return;
            }
        }
        if (const auto prepared = prepare(); !prepared) {
            end("broken", {}, prepared.error().to_string());
            return;
        }
        // Probes attach programs, which takes an emulated machine its time: the test's own begins here.
        deadline_ = Clock::now() + milliseconds(test_.timeout_ms);
        if (test_.kind == JobKind::command) return run_command();
        auto gadget = start_gadget();
        if (!gadget) {
            end("broken", {}, gadget.error().to_string());
        } else if (test_.kind == JobKind::replay) {
            run_replay(*gadget);
        } else {
            observe(*gadget);
        }
    }

  private:
    void tell(std::string kind, Record fields) {
        fields.insert(fields.begin(), {std::move(kind), test_.id});
        channel_.send(fields);
    }

    void end(std::string state, const std::optional<ExitStatus>& status, std::string detail) {
        const auto [code, signal] = status.value_or(ExitStatus{.code = -1, .signal = 0});
        tell("end", {std::move(state), std::to_string(code), std::to_string(signal), std::move(detail)});
    }

    void set(const std::string& name, std::string value) {
        tell("var", {name, value});
        variables_[name] = std::move(value);
    }

    /// The inode number of a namespace, as gadgets report it.
    void set_namespace(const char* name, const char* file) {
        struct stat found{};
        const auto path = std::string("/proc/self/ns/") + file;
        set(name, ::stat(path.c_str(), &found) == 0 ? std::to_string(found.st_ino) : "");
    }

    /// The fixtures, and the stimulus processes, which wait.
    Result<void> prepare() {
        if (::chmod(folder_.c_str(), 01777) != 0) return errno_error(errno, "cannot open up " + folder_);
        set("tmp", folder_);
        set("program", job_.program);
        set("agent.pid", std::to_string(::getpid()));
        set_namespace("mntns", "mnt");
        set_namespace("netns", "net");
        for (const auto& fixture : test_.fixtures) {
            GADGET_TRY_ASSIGN(const JobStep ready, with_values(fixture));
            const auto made = fixtures_.make(ready);
            if (made) continue;
            tell("step", {fixture.id, made.error().to_string()});
            return made;
        }
        for (const auto* steps : {&test_.steps, &test_.cleanup}) {
            for (const auto& step : *steps) {
                GADGET_TRY_ASSIGN(const Place place, fixtures_.place_of(step));
                GADGET_TRY_ASSIGN(Actor actor, Actor::start(step, place));
                set(step.id + ".pid", std::to_string(actor.pid()));
                (steps == &test_.steps ? actors_ : cleaners_).push_back(std::move(actor));
            }
        }
        return {};
    }

    /// The step with its variables replaced.
    [[nodiscard]] Result<JobStep> with_values(JobStep step) const {
        for (auto& [name, value] : step.options) {
            GADGET_TRY_ASSIGN(value, substitute(value, variables_));
        }
        return step;
    }

    [[nodiscard]] GadgetOutput output() {
        return {.row = [this](std::string_view line) { tell("row", {std::string(line)}); },
                .log = [this](std::string_view line) { tell("log", {std::string(line)}); }};
    }

    /// A program to its end: its output, then how it ended.
    void run_command() {
        SpawnOptions options;
        options.argv = test_.argv;
        options.working_directory = folder_;
        std::vector<std::string> environment{
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + folder_,
            "TMPDIR=" + folder_};
        environment.insert(environment.end(), test_.environment.begin(), test_.environment.end());
        options.environment = std::move(environment);
        auto command = GadgetProcess::start_command(std::move(options), output());
        if (!command) {
            end("broken", {}, command.error().to_string());
            return;
        }
        while (!command->ended() && Clock::now() < deadline_ && !channel_.broken())
            command->pump(deadline_, -1);
        const bool in_time = command->ended();
        if (!in_time) {
            command->signal(SIGKILL);
            command->pump(Clock::now() + kStopTimeout, -1);
        }
        end(in_time ? "exited" : "hung", command->status(), "");
    }

    Result<GadgetProcess> start_gadget() {
        std::vector<std::string> argv{job_.program, "run"};
        if (test_.kind == JobKind::replay) {
            argv.insert(argv.end(), {"--replay", test_.recording, "-o", test_.output});
        } else {
            argv.insert(argv.end(), {test_.object, "-o", test_.output});
            if (!test_.manifest.empty()) argv.insert(argv.end(), {"--manifest", test_.manifest});
            // The agent stops the gadget; its own limit is for the case that the agent is gone.
            argv.insert(argv.end(), {"--timeout", std::to_string(test_.timeout_ms / 1000 + 30)});
        }
        for (const auto& [name, value] : test_.params) {
            GADGET_TRY_ASSIGN(std::string text, substitute(value, variables_));
            argv.push_back("--" + name + "=" + text);
        }
        return GadgetProcess::start(std::move(argv), output());
    }

    /// A recording ends by itself.
    void run_replay(GadgetProcess& replay) {
        while (!replay.ended() && Clock::now() < deadline_) replay.pump(deadline_, -1);
        tell("stimulated", {});
        if (replay.ended()) return end(replay.status()->success() ? "ended" : "early", replay.status(), "");
        replay.signal(SIGKILL);
        replay.pump(Clock::now() + kStopTimeout, -1);
        end("hung", replay.status(), "");
    }

    void observe(GadgetProcess& gadget) {
        const auto started = Clock::now();
        while (!gadget.ready() && !gadget.ended() && Clock::now() < deadline_) gadget.pump(deadline_, -1);
        if (gadget.ended()) return finish("early", gadget);
        if (!gadget.ready()) {
            gadget.signal(SIGKILL);
            gadget.pump(Clock::now() + kStopTimeout, -1);
            return finish("unready", gadget);
        }
        tell("ready",
             {std::to_string(std::chrono::duration_cast<milliseconds>(Clock::now() - started).count())});
        if (test_.pause) gadget.signal(SIGSTOP);
        stimulate(gadget);
        if (test_.pause) gadget.signal(SIGCONT);
        tell("stimulated", {});
        const auto settle = wait_for_stop(gadget);
        const auto end = std::min(deadline_, Clock::now() + settle);
        while (!gadget.ended() && Clock::now() < end) gadget.pump(end, -1);
        stop(gadget);
    }

    void stimulate(GadgetProcess& gadget) {
        for (auto& actor : actors_) {
            auto failure = act(actor, gadget);
            tell("step", {actor.step().id, failure});
            if (!failure.empty()) return;
        }
    }

    std::string act(Actor& actor, GadgetProcess& gadget) {
        const auto step = with_values(actor.step());
        if (!step) return step.error().to_string();
        if (const auto released = actor.release(*step, job_.program); !released)
            return released.error().to_string();
        while (Clock::now() < deadline_ && !gadget.ended()) {
            gadget.pump(deadline_, actor.report_fd());
            if (gadget.extra_ready()) return actor.finish();
        }
        return actor.wait(deadline_) ? actor.finish() : "it did not end in time";
    }

    /// Until the host has seen enough, the time is over, or the gadget ends by itself. Returns for how long
    /// events that should not come are still waited for.
    milliseconds wait_for_stop(GadgetProcess& gadget) {
        while (Clock::now() < deadline_ && !gadget.ended() && !channel_.broken()) {
            gadget.pump(deadline_, channel_.fd());
            if (!gadget.extra_ready()) continue;
            for (const auto& record : channel_.receive()) {
                if (record.size() != 3 || record[0] != "stop" || record[1] != test_.id) continue;
                unsigned settle = 0;
                (void)std::from_chars(record[2].data(), record[2].data() + record[2].size(), settle);
                return milliseconds(settle);
            }
        }
        return milliseconds(0);
    }

    void stop(GadgetProcess& gadget) {
        if (gadget.ended()) return finish("early", gadget);
        gadget.signal(SIGINT);
        gadget.pump(Clock::now() + kStopTimeout, -1);
        if (gadget.ended()) return finish("ended", gadget);
        gadget.signal(SIGKILL);
        gadget.pump(Clock::now() + kStopTimeout, -1);
        finish("hung", gadget);
    }

    /// What cleans up comes after the gadget, which is gone, and whatever became of it.
    void finish(std::string state, GadgetProcess& gadget) {
        deadline_ = Clock::now() + kCleanupTimeout;
        for (auto& cleaner : cleaners_) {
            auto failure = act(cleaner, gadget);
            tell("step", {cleaner.step().id, std::move(failure)});
        }
        end(std::move(state), gadget.status(), "");
    }

    const Job& job_;
    const JobTest& test_;
    std::string folder_;
    Channel& channel_;
    Clock::time_point deadline_{};
    Variables variables_;
    Fixtures fixtures_{[this](const std::string& name, std::string value) { set(name, std::move(value)); }};
    std::vector<Actor> actors_;
    std::vector<Actor> cleaners_;
};

}  // namespace

void run_test(const Job& job, const JobTest& test, const std::string& folder, Channel& channel) {
    TestRun(job, test, folder, channel).run();
}

}  // namespace gadget::testkit::guest
