"""Services as they are copied: nothing is installed, nothing runs."""
