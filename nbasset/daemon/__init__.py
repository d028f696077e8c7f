"""The daemon: it fires schedules, asks sensors and conditions, starts what is queued, and looks after runs whose process died.

`loop` is where to begin. The daemon itself loads no code of users: each location has a process of its own (`hosts`).
"""
