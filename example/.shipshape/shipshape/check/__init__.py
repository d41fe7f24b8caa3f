"""Checks that settings, rules, dashboards and pages agree with the code, within seconds.

A check yields its findings. Each is one sentence that starts with the file, and the line if there
is one.
"""
