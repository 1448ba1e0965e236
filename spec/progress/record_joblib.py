"""Records the lines of joblib 1.6.0, and where its calls stood when it asked itself for one.

    python3 -m venv venv && venv/bin/pip install joblib==1.6.0
    venv/bin/python spec/progress/record_joblib.py > spec/progress/joblib-lines.json

Calls run on a backend of this recording, which completes batches one by one, in order, each some time after the one
before by a clock that stands still in between.
"""

import contextlib
import io
import json
import sys

import joblib.parallel
from joblib import Parallel, delayed, parallel_config, register_parallel_backend
from joblib._parallel_backends import ParallelBackendBase

waiting = []


class Clock:
    now = 1000.0

    def time(self):
        return self.now

    def sleep(self, _):
        """joblib waits for a result: the next batch is completed."""
        func, callback, size = waiting.pop(0)
        self.now += call_seconds * size
        callback(func())


clock = Clock()
joblib.parallel.time = clock


class RecordedBackend(ParallelBackendBase):
    supports_retrieve_callback = True
    supports_sharedmem = True

    def effective_n_jobs(self, n_jobs):
        return n_jobs

    def compute_batch_size(self):
        return 1

    def submit(self, func, callback=None):
        waiting.append((func, callback, len(func)))
        return object()

    def retrieve_result_callback(self, out):
        return out


register_parallel_backend("recorded", RecordedBackend)


class Recorded(Parallel):
    def print_progress(self):
        moments.append(
            [
                round((clock.now - self._start_time) * 1000),
                self.n_completed_tasks,
                self.n_dispatched_tasks,
                self.n_dispatched_batches,
                self._original_iterator is not None,
                bool(self._is_completed()),
            ]
        )
        super().print_progress()

    def __repr__(self):
        return "Parallel(n_jobs=%s)" % self.n_jobs


def one():
    return 1


def timed():
    """In the calling thread nobody waits: the task itself takes the time."""
    clock.now += call_seconds
    return 1


def lines_of(tasks, known, n_jobs, batch_size, pre_dispatch, verbose):
    global moments
    moments = []
    task = delayed(timed if n_jobs == 1 else one)
    work = (task() for _ in range(tasks))
    text = io.StringIO()
    with contextlib.redirect_stderr(text), contextlib.redirect_stdout(text):
        parallel = Recorded(
            n_jobs=n_jobs,
            backend=None if n_jobs == 1 else "recorded",
            batch_size=batch_size,
            pre_dispatch=pre_dispatch,
            verbose=verbose,
        )
        parallel(list(work) if known else work)
    return text.getvalue().splitlines()


calls = [
    # tasks, known, n_jobs, batch_size, pre_dispatch, seconds
    (30, True, 1, 1, "2*n_jobs", 0.08),
    (30, False, 1, 1, "2*n_jobs", 0.08),
    (12, True, 2, 1, "2*n_jobs", 0.08),
    (30, True, 2, 1, "2*n_jobs", 0.08),
    (30, False, 2, 1, "2*n_jobs", 0.08),
    (100, True, 2, 1, "all", 0.9),
    (30, False, 2, 1, "all", 0.08),
    (100, True, 4, 1, "2*n_jobs", 0.08),
    (100, False, 4, 1, "2*n_jobs", 2.7),
    (100, False, 4, 1, 12, 0.08),
    (40, True, 2, 3, "2*n_jobs", 0.08),
    (40, False, 2, 3, "all", 0.08),
    (200, True, 4, 10, "4*n_jobs", 0.08),
    (200, False, 4, 10, "4*n_jobs", 0.08),
]

recorded = []
for tasks, known, n_jobs, batch_size, pre_dispatch, call_seconds in calls:
    lines = {
        verbose: lines_of(tasks, known, n_jobs, batch_size, pre_dispatch, verbose)
        for verbose in ([2, 5, 10] if tasks > 40 else [1, 2, 5, 10, 11, 50])
    }
    call = dict(
        tasks=tasks, known=known, nJobs=n_jobs, batchSize=batch_size, preDispatch=pre_dispatch,
        millisecondsPerTask=round(call_seconds * 1000),
    )
    recorded.append(dict(call=call, moments=moments, lines=lines))
json.dump(recorded, sys.stdout, indent=2)
