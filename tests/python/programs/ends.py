"""Each way in which a program ends.  argv: which."""
import atexit
import os
import signal
import sys
import time

from now import keep, mark

HOW = sys.argv[1]


def hold(n):
    keep.extend(bytes(40000) for _ in range(n))         # @held


def at_exit():
    keep.append(bytes(50000))                           # @atexit
    print("atexit")


class Late:
    def __del__(self):
        print("__del__ at", "shutdown" if sys.is_finalizing() else "run time")


late = Late()
atexit.register(at_exit)
hold(10)
mark("first")
hold(10)
print("before")
sys.stdout.flush()
if HOW == "return":
    pass
elif HOW == "_exit":
    os._exit(3)
elif HOW == "sys.exit":
    sys.exit(4)
elif HOW == "sys.exit-text":
    sys.exit("a message")
elif HOW == "exception":
    raise RuntimeError("unhandled")
elif HOW == "SystemExit-in-thread":
    import threading
    t = threading.Thread(target=sys.exit, args=(5,))
    t.start()
    t.join()
elif HOW == "atexit-raises":
    atexit.register(int, "no number")
elif HOW == "abort":
    os.abort()
elif HOW == "handled":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)
else:
    os.kill(os.getpid(), getattr(signal, HOW))
    time.sleep(5)
