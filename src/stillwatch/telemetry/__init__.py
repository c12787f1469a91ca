"""What a running deployment tells its operators: metrics, traces, logs, a check of its health."""
