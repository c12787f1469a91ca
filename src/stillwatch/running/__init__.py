"""A deployment as processes: gateway, observer, tracer and what they share, started and stopped as one."""
