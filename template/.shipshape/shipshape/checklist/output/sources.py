"""Where the published checklists are that ask for a check."""

ADDRESSES = {
    "12-factor": "https://12factor.net/",
    "Fowler": "https://www.oreilly.com/library/view/production-ready-microservices/9781491965962/",
    "GitLab": "https://gitlab.com/gitlab-com/gl-infra/readiness",
    "Google": "https://sre.google/sre-book/launch-checklist/",
    "kgoralski": "https://github.com/kgoralski/microservice-production-readiness-checklist",
    "kube-score": "https://github.com/zegl/kube-score/blob/master/README_CHECKS.md",
    "Kubernetes PRR": (
        "https://github.com/kubernetes/community/blob/master/sig-architecture/"
        "production-readiness.md"
    ),
    "learnk8s": "https://learnk8s.io/production-best-practices",
    "Mercari": "https://github.com/mercari/production-readiness-checklist",
    "Microsoft": "https://microsoft.github.io/code-with-engineering-playbook/",
    "OpenSSF Scorecard": "https://github.com/ossf/scorecard/blob/main/docs/checks.md",
    "OSPS Baseline": "https://baseline.openssf.org/",
    "Polaris": "https://polaris.docs.fairwinds.com/",
    "Spring Boot": "https://docs.spring.io/spring-boot/reference/actuator/",
    "Zalando": "https://srcco.de/posts/web-service-on-kubernetes-production-checklist-2019.html",
}


def address(source: str) -> str:
    """The address of a source, such as `12-factor III`; empty for one that is not known."""
    if source.startswith("https://"):
        return source
    return next((it for name, it in ADDRESSES.items() if source.startswith(name)), "")
