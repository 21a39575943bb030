"""Where last references go: each kind of object at a line of its own."""
import now

N = 40


def kind(name):
    return type(name, (), {})


Overwritten, Deleted, Returned, Dropped, Replaced, Argument, Raised, Cleared = (
    kind(name) for name in (
        "Overwritten", "Deleted", "Returned", "Dropped", "Replaced",
        "Argument", "Raised", "Cleared"))


class Holder:
    part = None

    def work(self):
        pass


def overwritten():
    x = None
    for i in range(N):
        x = Overwritten()  # @overwritten
    x = None  # @last-overwritten
    return x


def deleted():
    for i in range(N):
        x = Deleted()
        del x  # @deleted


def loses_local():
    x = Returned()  # noqa: F841
    return 1


def returned():
    for i in range(N):
        loses_local()  # @returned


def dropped():
    box = [Dropped() for i in range(N)]
    box.append(1)
    del box  # @dropped


def replaced():
    holder = Holder()
    for i in range(N):
        part = Replaced()
        holder.part = part
        del part
        holder.part = None  # @replaced


def takes(x):
    return x is None


def argument():
    for i in range(N):
        takes(Argument())  # @argument


def raises():
    x = Raised()
    raise LookupError(x is None)


def raised():
    for i in range(N):
        try:
            raises()
        except LookupError:
            pass  # @raised


def cleared():
    table = {}
    for i in range(N):
        table[i] = Cleared()
    table.clear()  # @cleared


def methods():
    holder = Holder()
    for i in range(N):
        bound = holder.work  # @bound
        bound()
        del bound  # @unbound


for way in (overwritten, deleted, returned, dropped, replaced, argument,
            raised, cleared, methods):
    way()
now.mark("end")
print(dict(each=N))
