"""audit.py LOG [NAMESPACE...]   judges by the API server's audit log whether the operator kept to least privilege

Each check is one line, "ok" or "FAIL"; the exit code is 0 only if none failed. LiteLLM's namespaces are those that are named, or
`ai`. The operator may use Secrets by name, or list them there by its own labels, never list or watch them otherwise; may touch
nothing in other namespaces but its own Lease, and a client's copy of the master key; and must not be refused anything, so that the Role is neither wider nor narrower than what it does.
"""
import json
import sys
import urllib.parse

ACCOUNT = "system:serviceaccount:keyrotation-system:keyrotation"
NAMESPACE, OPERATOR, COPIES = "ai", "keyrotation-system", "clients"
OWN_LABEL = "app.kubernetes.io/managed-by=keyrotation"


def requests(log):
    """What the operator asked, as (verb, resource, namespace, label selector, HTTP status)."""
    for line in log:
        if not line.endswith("\n"):
            continue                                    # it is being written
        event = json.loads(line)
        user = event.get("impersonatedUser", event["user"]).get("username")    # who was not let in has no name
        if user != ACCOUNT or event["stage"] != "ResponseComplete":
            continue
        object_ = event.get("objectRef", {})
        query = urllib.parse.parse_qs(urllib.parse.urlparse(event["requestURI"]).query)
        resource = "/".join(filter(None, (object_.get("resource"), object_.get("subresource"))))
        yield (event["verb"], resource, object_.get("namespace", ""), query.get("labelSelector", [""])[0],
               event.get("responseStatus", {}).get("code", 0))


def elsewhere(verb, resource, namespace, namespaces):
    if not resource or resource in ("selfsubjectrulesreviews", "selfsubjectaccessreviews"):
        return False                                # the version of the server, and its own rights
    if resource == "secrets" and verb in ("get", "patch") and namespace == COPIES:
        return False                                # by the Role there, which names one
    return namespace not in namespaces and not (namespace == OPERATOR and resource == "leases")


def problems(log, namespaces=(NAMESPACE,)):
    """Yields (what is checked, what is wrong or None)."""
    asked = list(requests(log))
    secrets = [one for one in asked if one[1] == "secrets"]
    yield f"{len(asked)} requests of the operator, {len(secrets)} on Secrets", None if secrets else "there are none"
    wide = {(verb, namespace or "all namespaces", selector) for verb, _, namespace, selector, _ in secrets
            if verb == "watch" or verb == "list" and (namespace not in namespaces or OWN_LABEL not in selector)}
    yield "Secrets were never listed or watched but by its own labels in LiteLLM's namespace", sorted(wide) or None
    other = {one[:3] for one in asked if elsewhere(*one[:3], namespaces)}
    yield "nothing was asked of other namespaces but its own Lease and a copy of the master key", sorted(other) or None
    refused = {one[:3] for one in asked if one[4] == 403}
    yield "nothing was refused: the Role holds what is needed", sorted(refused) or None


def main():
    failed = 0
    with open(sys.argv[1]) as log:
        for what, wrong in problems(log, sys.argv[2:] or (NAMESPACE,)):
            failed += wrong is not None
            print(f"  FAIL  {what}: {wrong}" if wrong else f"  ok    {what}", flush=True)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
