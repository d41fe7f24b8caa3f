"""The commands that need the template: updates, drift, and adoption part by part.

They are not in services. `python3 .shipshape COMMAND` in a service fetches those of the newest
release, and runs them there. They need the standard library, git, the Copier of copier.lock, and
the checklist, which they can run on any repository.
"""
