# What the VM's asyncio takes from C, where it would count real time: the queue of tasks, by the board's ticks.
import time


class TaskQueue:
    def __init__(self):
        self._tasks = []

    def peek(self):
        return self._tasks[0] if self._tasks else None

    def push(self, task, key=None):
        task.data = None
        task.ph_key = time.ticks_ms() if key is None else key
        at = len(self._tasks)
        # behind those that are due at the same time
        while at and time.ticks_diff(self._tasks[at - 1].ph_key, task.ph_key) > 0:
            at -= 1
        self._tasks.insert(at, task)

    def pop(self):
        if not self._tasks:
            raise IndexError("empty heap")
        return self._tasks.pop(0)

    def remove(self, task):
        self._tasks.remove(task)


class Task:
    # state: True while nobody waits for it, a queue of those who do, False once it is done and somebody did, None done
    def __init__(self, coro, globals=None):
        self.coro = coro
        self.data = None
        self.state = True
        self.ph_key = 0

    def __iter__(self):
        if not self.state:
            self.state = False
        elif self.state is True:
            self.state = TaskQueue()
        elif type(self.state) is not TaskQueue:
            raise RuntimeError("can't wait")
        return self

    def __next__(self):
        if not self.state:
            raise self.data
        me = core().cur_task
        self.state.push(me)
        me.data = self

    def done(self):
        return not self.state

    def cancel(self):
        if not self.state:
            return False
        now = core()
        if self is now.cur_task:
            raise RuntimeError("can't cancel self")
        task = self
        while isinstance(task.data, Task):
            task = task.data
        if hasattr(task.data, "remove"):
            # it waits in a queue of somebody's
            task.data.remove(task)
            now._task_queue.push(task)
        elif time.ticks_diff(task.ph_key, time.ticks_ms()) > 0:
            now._task_queue.remove(task)
            now._task_queue.push(task)
        task.data = now.CancelledError
        return True


def core():
    import asyncio.core

    return asyncio.core
