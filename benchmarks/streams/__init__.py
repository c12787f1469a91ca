"""Many open streams through one worker: frames lost, CPU time, memory of each; and whether memory stays flat."""
