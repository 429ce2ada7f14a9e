"""
Mail through a queue while everything around it breaks: ``make chaos``.

Worker processes send thousands of messages to a local SES that throttles, answers 5xx, hangs, and
resets connections before and after it has accepted a message. Meanwhile workers are killed with
SIGKILL and, where there is a database server, connections are cut. In the end the local SES's own
record is held against what the queue says of each message: :mod:`chaos.judging`.
"""
