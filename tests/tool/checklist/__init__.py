"""Each check of the checklist notices the fault that it is for, and no other check does."""
