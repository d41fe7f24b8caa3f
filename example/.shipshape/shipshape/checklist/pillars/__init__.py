"""The checks of the template, one file per pillar."""
