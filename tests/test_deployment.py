"""The files that start picoserve elsewhere agree with picoserve."""

import json
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
import yaml  # type: ignore[import-untyped]
from tests.support.server import has_ipv6

from picoserve.config.environment import read_environment, variable_name
from picoserve.config.schema import all_keys
from picoserve.config.settings import Settings
from picoserve.server.routes import metrics
from picoserve.server.routes.health import HEALTH_PATHS

ROOT: Final = Path(__file__).parent.parent
KUBERNETES: Final = sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
FILES: Final = [
    ROOT / "Dockerfile",
    ROOT / "compose.yaml",
    ROOT / "deploy/systemd/picoserve.service",
    *KUBERNETES,
]
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text()


def manifest(kind: str) -> dict[str, Any]:
    """The only Kubernetes object of a kind."""
    objects = [one for file in KUBERNETES for one in yaml.safe_load_all(file.read_text())]
    (found,) = [one for one in objects if one["kind"] == kind]
    body: dict[str, Any] = found
    return body


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_variable_names_a_setting(file: Path) -> None:
    known = {variable_name(key.path) for key in all_keys(Settings)}

    assert set(re.findall(r"\bPICOSERVE_\w+", file.read_text())) <= known


def test_the_image_is_closed_to_strangers_by_default() -> None:
    environment = dict(re.findall(r"(PICOSERVE_\w+)=(\S+)", DOCKERFILE))

    said, problems = read_environment(environment)

    assert not problems
    assert {".".join(one.path) for one in said} == {"server.host", "auth.key_file"}
    settings = Settings.model_validate({one.path[0]: {one.path[1]: one.value} for one in said})
    assert settings.auth.is_configured


def test_commands_in_the_dockerfile_need_no_shell() -> None:
    for instruction in ("ENTRYPOINT", "CMD", r"HEALTHCHECK[^[]*CMD"):
        (command,) = re.findall(rf"^{instruction} (\[.*\])$", DOCKERFILE, re.MULTILINE)
        assert json.loads(command)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("0.0.0.0", "127.0.0.1"),  # what the image listens on
        pytest.param("::", "::1", marks=pytest.mark.skipif(not has_ipv6(), reason="needs IPv6")),
    ],
)
@pytest.mark.parametrize("told", [True, False], ids=["port told", "port left empty"])
def test_the_image_is_healthy_where_it_listens(host: str, loopback: str, told: bool) -> None:
    (command,) = re.findall(r"^HEALTHCHECK[^[]*CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert command.count("'8080'") == 1
    family = socket.AF_INET6 if ":" in loopback else socket.AF_INET
    with socket.create_server((loopback, 0), family=family) as server:
        port = str(server.getsockname()[1])
        environment = {
            "PICOSERVE_SERVER__HOST": host,
            "PICOSERVE_SERVER__PORT": port if told else "",
            "http_proxy": "http://127.0.0.1:1",
        }
        # The default port itself may be taken on this machine.
        command = command.replace("'8080'", f"'{port}'")
        check = subprocess.Popen([sys.executable, *json.loads(command)[1:]], env=environment)
        server.settimeout(50)
        client, _ = server.accept()
        with client:
            asked = client.recv(4096)
            client.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            assert check.wait(50) == 0

    assert asked.startswith(b"GET /health/ready ")


def test_the_build_sees_what_it_copies() -> None:
    seen = (ROOT / ".dockerignore").read_text().splitlines()

    (copied,) = re.findall(r"^COPY (.*) \./$", DOCKERFILE, re.MULTILINE)
    for name in [*copied.split(), "src"]:
        assert f"!{name}" in seen
        assert (ROOT / name).exists()


def test_the_configuration_for_kubernetes_is_valid() -> None:
    configuration = manifest("ConfigMap")["data"]["picoserve.toml"]

    settings = Settings.model_validate(tomllib.loads(configuration))

    grace = manifest("StatefulSet")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert settings.server.drain_seconds < grace


def test_a_failure_that_is_final_has_no_probe_start_the_engines_again() -> None:
    pod = manifest("StatefulSet")["spec"]["template"]["spec"]["containers"][0]

    assert {
        name: probe["httpGet"]["path"] for name, probe in pod.items() if name.endswith("Probe")
    } == {
        "startupProbe": "/health/live",
        "livenessProbe": "/health/live",
        "readinessProbe": "/health/ready",
    }
    assert {"/health/live", "/health/ready"} <= HEALTH_PATHS
    assert "/health/ready" in DOCKERFILE


def test_the_scraper_that_the_manifests_call_has_a_key_of_its_own() -> None:
    annotations = manifest("StatefulSet")["spec"]["template"]["metadata"]["annotations"]
    settings = Settings.model_validate(
        tomllib.loads(manifest("ConfigMap")["data"]["picoserve.toml"])
    )

    assert annotations["prometheus.io/scrape"] == "true"
    assert "/metrics" in {getattr(route, "path", "") for route in metrics.router.routes}
    # A digest is no secret; a key would be.
    (key,) = settings.auth.metrics_keys
    assert key.get_secret_value().startswith("sha256:")


def test_what_the_autoscaler_scales_is_not_set_back_by_an_apply() -> None:
    target = manifest("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    scaled = manifest(target["kind"])

    assert scaled["metadata"]["name"] == target["name"]
    assert "replicas" not in scaled["spec"]


def test_selectors_of_the_manifests_agree() -> None:
    labels = manifest("StatefulSet")["spec"]["template"]["metadata"]["labels"]

    assert manifest("StatefulSet")["spec"]["selector"]["matchLabels"] == labels
    assert manifest("Service")["spec"]["selector"] == labels
    assert manifest("NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels
    resources = manifest("Kustomization")["resources"]
    assert sorted(resources) == sorted(f.name for f in KUBERNETES if f.stem != "kustomization")


def test_the_compose_file_leaves_time_to_drain() -> None:
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["picoserve"]

    assert int(service["stop_grace_period"].rstrip("s")) > Settings().server.drain_seconds
    assert set(service["secrets"]) == {"access_key", "keys"}


def test_the_systemd_unit_leaves_the_gpus_and_the_access_key_to_old_systemd() -> None:
    unit = (ROOT / "deploy/systemd/picoserve.service").read_text()
    settings = set(re.findall(r"^(\w+)=", unit, re.MULTILINE))

    # Each of them takes /dev/nvidia* away, ProtectClock before systemd 252.
    assert not settings & {"DeviceAllow", "DevicePolicy", "PrivateDevices", "ProtectClock"}
    # The specifier %d came with systemd 251; a line that holds an unknown one is dropped.
    assert "LoadCredential" in settings
    assert not re.search(r"^[^#].*%d", unit, re.MULTILINE)
