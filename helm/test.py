"""Installs, compares, upgrades and uninstalls the chart. Run by test.sh, with an API server that has no nodes."""

import json
import os
import re
import subprocess
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHART = str(HERE / "keyrotation")
MANIFESTS = HERE.parent / "deploy"
PREVIOUS = str(next((HERE / "previous").glob("keyrotation-*.tgz")))
VERSION = re.search(r"^version: (.+)$", (HERE / "keyrotation" / "Chart.yaml").read_text(), re.MULTILINE)[1]
E2E = HERE.parent / "e2e"
SYSTEM = "keyrotation-system"


def run(*command, stdin=None, fails=False):
    result = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if fails:
        assert result.returncode != 0, f"{command} should have been refused"
        return result.stderr
    assert result.returncode == 0, f"{command}: {result.stderr}"
    return result.stdout


def helm(*arguments, **options):
    return run(os.environ["HELM"], *arguments, **options)


def kubectl(*arguments, **options):
    return run("kubectl", *arguments, **options)


def namespace(name):
    kubectl("create", "namespace", name)


def install(values, chart=CHART):
    helm("install", "keyrotation", chart, "--namespace", SYSTEM, "--create-namespace", "--set", values)


def get(kind, name, in_namespace):
    return json.loads(kubectl("-n", in_namespace, "get", kind, name, "-o", "json"))


def pod(deployment):
    """What runs, without the labels by which Helm finds its own."""
    return deployment["spec"]["template"]["spec"] | {"replicas": deployment["spec"]["replicas"]}


def can_read_secrets(in_namespace):
    account = f"--as=system:serviceaccount:{SYSTEM}:keyrotation"
    question = ["kubectl", "auth", "can-i", "get", "secrets", "-n", in_namespace, account]
    return subprocess.run(question, capture_output=True, text=True).stdout.strip() == "yes"


def may(verb, resource, name=None, in_namespace="ai"):
    account = f"--as=system:serviceaccount:{SYSTEM}:keyrotation"
    question = ["kubectl", "auth", "can-i", verb, f"{resource}/{name}" if name else resource, "-n", in_namespace, account]
    return subprocess.run(question, capture_output=True, text=True).stdout.strip() == "yes"


def commands_of_upgrade():
    """The blocks of commands that the page has below "Upgrade"."""
    section = re.search(r"^## Upgrade\n(.*?)^## ", (HERE.parent / "docs" / "install.md").read_text(), re.MULTILINE | re.DOTALL)[1]
    return [block[0] for block in re.finditer(r"(?:^    .*\n)+", section, re.MULTILINE)]


def copies_in_definition():
    versions = json.loads(kubectl("get", "crd", "keyrotations.keyrotation.dev", "-o", "json"))["spec"]["versions"]
    return "copies" in versions[0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["secretRef"]["properties"]


def kinds(rendered):
    return {line.removeprefix("kind: ") for line in rendered.splitlines() if line.startswith("kind: ")}


class ChartTest(unittest.TestCase):
    maxDiff = None

    def tearDown(self):
        for release in json.loads(helm("list", "--all-namespaces", "--output", "json")):
            helm("uninstall", release["name"], "--namespace", release["namespace"], "--wait=legacy")
        kubectl("delete", "namespace", "ai", "research", SYSTEM, "--ignore-not-found")

    def test_grants_and_runs_what_the_plain_manifests_do(self):
        namespace("ai")
        kubectl("apply", "--server-side", "-k", str(MANIFESTS / "operator"))
        plain_role = get("role", "keyrotation", "ai")["rules"]
        plain_pod = pod(get("deployment", "keyrotation", SYSTEM))
        kubectl("delete", "-k", str(MANIFESTS / "operator"))

        install("namespaces={ai}")

        self.assertEqual(plain_role, get("role", "keyrotation", "ai")["rules"])
        self.assertEqual(plain_pod, pod(get("deployment", "keyrotation", SYSTEM)))

    def test_named_namespaces_need_no_right_in_the_cluster(self):
        self.assertFalse({"ClusterRole", "ClusterRoleBinding"} & kinds(helm("template", "keyrotation", CHART)))

    def test_secrets_are_narrowed_to_names(self):
        namespace("ai")

        install("namespaces={ai},secrets.names={litellm-keys},secrets.rotations={litellm},secrets.revisions=3")

        self.assertTrue(may("patch", "secrets", "litellm-keys") and may("delete", "secrets", "litellm-r3"))
        self.assertTrue(may("create", "secrets"))
        self.assertFalse(may("get", "secrets", "litellm-r4") or may("get", "secrets", "others"))
        self.assertFalse(may("list", "secrets") or may("watch", "secrets"))

    def test_copies_are_these_secrets_and_no_other_right_in_their_namespace(self):
        namespace("ai")
        namespace("research")

        install("namespaces={ai},copies[0].namespace=research,copies[0].names={client}")

        self.assertTrue(may("get", "secrets", "client", "research") and may("patch", "secrets", "client", "research"))
        self.assertFalse(may("delete", "secrets", "client", "research") or may("get", "secrets", "other", "research"))
        self.assertFalse(may("list", "secrets", in_namespace="research") or may("patch", "deployments", "client", "research"))

    def test_only_its_own_lease_may_be_taken(self):
        install("image.tag=first")

        self.assertTrue(may("update", "leases", "keyrotation", SYSTEM) and may("create", "leases", in_namespace=SYSTEM))
        self.assertFalse(may("update", "leases", "others", SYSTEM) or may("get", "leases", "keyrotation", "default"))

    def test_definition_follows_upgrades_when_it_is_managed(self):
        install("image.tag=first")
        kubectl("label", "crd", "keyrotations.keyrotation.dev", "app.kubernetes.io/version=old", "--overwrite")

        helm("upgrade", "keyrotation", CHART, "--namespace", SYSTEM, "--set", "crds.managed=true",
             "--take-ownership", "--server-side=true", "--force-conflicts")

        labels = json.loads(kubectl("get", "crd", "keyrotations.keyrotation.dev", "-o", "json"))["metadata"]["labels"]
        self.assertEqual(VERSION, labels["app.kubernetes.io/version"])
        helm("uninstall", "keyrotation", "--namespace", SYSTEM)
        kubectl("get", "crd", "keyrotations.keyrotation.dev")

    def test_upgrade_from_the_previous_release_ends_as_an_installation(self):
        values = "namespaces={ai},secrets.names={litellm-keys},secrets.rotations={litellm},logFormat=json"
        installed = helm("template", "keyrotation", CHART, "--namespace", SYSTEM, "--no-hooks", "--set", values)
        blocks = commands_of_upgrade()
        self.assertEqual(2, len(blocks), blocks)
        for block in blocks:
            with self.subTest(block):
                namespace("ai")
                kubectl("delete", "crd", "keyrotations.keyrotation.dev", "--ignore-not-found")
                install(values, PREVIOUS)
                self.assertFalse(copies_in_definition() or may("create", "configmaps"))

                # As one types them, in the directory of the project.
                run("bash", "-euc", f'cd "$0"; helm() {{ "$HELM" "$@"; }}\n{block}', str(HERE.parent))

                self.assertTrue(copies_in_definition() and may("create", "configmaps"))
                self.assertEqual(self.documents(installed), self.documents(
                    helm("get", "manifest", "keyrotation", "--namespace", SYSTEM), "CustomResourceDefinition"))
                self.tearDown()

    @staticmethod
    def documents(manifest, without=None):
        """The manifests of a release, in any order."""
        documents = {document.strip() for document in re.split(r"^---$", manifest, flags=re.MULTILINE)} - {""}
        return {document for document in documents if f"\nkind: {without}\n" not in document}

    def test_switches_render_what_they_say(self):
        on = ("metrics.serviceMonitor.enabled=true,metrics.prometheusRule.enabled=true,metrics.dashboard.enabled=true,"
              "networkPolicy.enabled=true")
        optional = {"ServiceMonitor", "PrometheusRule", "ConfigMap", "NetworkPolicy"}

        self.assertFalse(optional & kinds(helm("template", "keyrotation", CHART)))
        self.assertLessEqual(optional, kinds(helm("template", "keyrotation", CHART, "--set", on)))
        self.assertIn("PodDisruptionBudget", kinds(helm("template", "keyrotation", CHART)))
        self.assertNotIn("PodDisruptionBudget", kinds(helm("template", "keyrotation", CHART, "--set", "replicas=1")))

    def test_may_read_secrets_of_the_named_namespaces_only(self):
        namespace("ai")
        namespace("research")

        install("namespaces={ai,research}")

        self.assertTrue(can_read_secrets("ai") and can_read_secrets("research"))
        self.assertFalse(can_read_secrets(SYSTEM) or can_read_secrets("default"))

    def test_pod_passes_the_restricted_level(self):
        namespace(SYSTEM)
        kubectl("label", "namespace", SYSTEM, "pod-security.kubernetes.io/warn=restricted")
        rendered = helm("template", "keyrotation", CHART, "--namespace", SYSTEM, "--show-only", "templates/deployment.yaml")

        # On a Deployment the level is only a warning; its pods would be refused.
        kubectl("apply", "--dry-run=server", "--warnings-as-errors", "-f", "-", stdin=rendered)

    def test_installs_the_definition_and_keeps_it(self):
        install("image.tag=first")
        helm("upgrade", "keyrotation", CHART, "--namespace", SYSTEM, "--set", "image.tag=next")
        helm("uninstall", "keyrotation", "--namespace", SYSTEM)

        kubectl("get", "crd", "keyrotations.keyrotation.dev")

    def test_refuses_values_that_contradict(self):
        said = helm("template", "x", CHART, "--set", "allNamespaces=true,namespaces={ai}", fails=True)

        self.assertIn("/namespaces", said)
        for wrong in ("replica=2", "logFormat=xml", "secrets.names={a}", "image.digest=1234", "leaderElection.leaseDuration=15"):
            helm("template", "x", CHART, "--set", wrong, fails=True)

    def test_commands_of_the_runbooks_work(self):
        namespace("ai")
        install("namespaces={ai}")
        kubectl("apply", "-f", str(HERE.parent / "examples" / "keyrotation.yaml"))

        print(run("python3", str(E2E / "runbooks.py"), str(HERE.parent / "docs" / "runbooks"), "NAMESPACE=ai", "NAME=litellm",
                  f"OPERATOR_NAMESPACE={SYSTEM}"))

        kubectl("-n", "ai", "delete", "keyrotation", "litellm")

    def test_audit_notices_a_list_of_all_secrets_and_what_is_refused(self):
        namespace("ai")
        install("namespaces={ai}")
        account = f"--as=system:serviceaccount:{SYSTEM}:keyrotation"
        kubectl("-n", "ai", "get", "secrets", "-l", "app.kubernetes.io/managed-by=keyrotation", account)
        log = os.environ["CLUSTER_RUN"] + "/log/audit.log"
        run("python3", str(E2E / "audit.py"), log)

        kubectl("-n", "ai", "get", "secrets", account)
        said = subprocess.run(["kubectl", "-n", "default", "get", "configmaps", account], capture_output=True)
        self.assertNotEqual(0, said.returncode)

        judged = subprocess.run(["python3", str(E2E / "audit.py"), log], capture_output=True, text=True)
        self.assertEqual(3, judged.stdout.count("FAIL"), judged.stdout)

    def test_rules_and_dashboard_lead_to_pages(self):
        rules = helm("template", "keyrotation", CHART, "--set", "metrics.prometheusRule.enabled=true")
        for alert in re.findall(r"alert: (\w+)", rules):
            page = HERE.parent / "docs" / "runbooks" / f"{alert}.md"
            self.assertTrue(page.exists(), page)
            self.assertIn(f"runbook_url: docs/runbooks/{alert}.md", rules)


if __name__ == "__main__":
    unittest.main(verbosity=1)
