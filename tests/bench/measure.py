"""measure.py - one run of one command: by the clock, or by instructions.

Each run has a directory of its own, in which the profiler leaves its files
and the program its output, and which is gone afterwards.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

REFERENCES = re.compile(r"^==\d+== I +refs: +([\d,]+)", re.M)
INNER = re.compile(r"^seconds: ([\d.]+)$", re.M)


RUNNING = set()     # what _run() started and has not seen end


class Failed(Exception):
    """The command did not do what it does without a profiler."""


def size_of(folder, apart=()):
    """Bytes of the files under FOLDER, but for those named in APART."""
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            if name not in apart:
                total += os.lstat(os.path.join(root, name)).st_size
    return total


def _environment(more):
    """The caller's, without what would change the measurement."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("RCPROF", "PYTHON", "MALLOC_", "LD_"))}
    # The same work in each run, and no byte code to be written in one of them.
    env.update(PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1")
    env.update(more)
    return env


def _kill(child):
    """CHILD and what it started; it need not be there any more."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def stop():
    """Ends all that runs, for a bench that is told to end."""
    for child in list(RUNNING):
        _kill(child)


def _run(command, env, run_dir, timeout):
    """Output and errors of COMMAND; raises Failed."""
    with open(os.path.join(run_dir, "out"), "w+b") as out:
        child = subprocess.Popen(command, env=env, cwd=run_dir, stdout=out,
                                 stderr=subprocess.STDOUT,
                                 stdin=subprocess.DEVNULL,
                                 start_new_session=True)
        RUNNING.add(child)
        try:
            status = child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failed("took longer than %d s" % timeout)
        finally:
            # Whatever ends this ends what it started; who left its session
            # (heaptrack's reader) ends by itself.
            _kill(child)
            child.wait()
            RUNNING.discard(child)
        out.seek(0)
        text = out.read().decode(errors="replace")
    return status, text


def _last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else "no output"


class Bench:
    """Where and how: the machine, a folder for the runs, a core, a limit."""

    def __init__(self, machine, scratch, cpu, timeout):
        self.machine = machine
        self.scratch = scratch
        self.cpu = cpu
        self.timeout = timeout
        self.timed = os.path.join(machine.build_dir, "tests/bench/timed")

    def _prepare(self, case, build, profiler, counting):
        run_dir = tempfile.mkdtemp(dir=self.scratch)
        program = case.arguments(counting, build.packages,
                                 self.machine.build_dir)
        if case.python:
            program = [build.python] + program
        env = _environment(
            profiler.environment(self.machine, run_dir, counting))
        return run_dir, profiler.line(program, build.python, run_dir), env

    def clock(self, case, build, profiler):
        """Seconds, bytes: a dict."""
        run_dir, command, env = self._prepare(case, build, profiler, False)
        try:
            result = os.path.join(run_dir, "timed.json")
            # `env` sets the profiler's variables, so that timed is not
            # profiled too.
            cpu = self.cpu if case.threads == 1 else -1
            before = ["env"] + ["%s=%s" % (k, env.pop(k))
                                for k in sorted(profiler.environment(
                                    self.machine, run_dir, False))]
            status, text = _run([self.timed, result, str(cpu)] + before
                                + command, env, run_dir, self.timeout)
            if status:
                raise Failed(_last_line(text))
            with open(result) as f:
                got = json.load(f)
            if got.pop("status"):
                raise Failed(_last_line(text))
            got["file_bytes"] = size_of(run_dir, ("out", "timed.json"))
            inner = INNER.search(text)
            if inner:
                got["inner"] = float(inner.group(1))
            got["work"] = case.work(False)
            return got
        finally:
            shutil.rmtree(run_dir, ignore_errors=True)

    def count(self, case, build, profiler):
        """Instructions, by cachegrind."""
        run_dir, command, env = self._prepare(case, build, profiler, True)
        try:
            status, text = _run(
                # Code that is patched through /proc/self/mem (deallocators)
                # is run as it was, without the second option.
                ["valgrind", "--tool=cachegrind", "--smc-check=all",
                 "--cache-sim=no",
                 "--cachegrind-out-file=/dev/null"] + command,
                env, run_dir, self.timeout * 10)
            counted = REFERENCES.search(text)
            if status or not counted:
                raise Failed(_last_line(text))
            return {"instructions": int(counted.group(1).replace(",", "")),
                    "work": case.work(True)}
        finally:
            shutil.rmtree(run_dir, ignore_errors=True)
