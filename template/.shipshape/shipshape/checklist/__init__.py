"""The production-ready checklist: `make checklist` tries each check on this service.

pytest runs the checks. `pillars/` has the template's, one file per pillar; a folder `checklist/` in
the service may add the team's. Waivers and attestations are the team's too, in `checklist.toml`.
"""
