"""Where the repository is: GitHub or GitLab, as the answer `ci` says."""
