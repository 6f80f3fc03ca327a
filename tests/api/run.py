"""Sends thousands of made-up requests to both portals' JSON APIs, as their own OpenAPI documents allow and forbid.

    python run.py --demo DIR/demo.json --cases 1000 --reports DIR

Fails on an answer of 5xx and on every answer that the document does not describe (status, content type, schema).
The requests are made by schemathesis; the same cases come in every run.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

import requests

HERE = pathlib.Path(__file__).resolve().parent
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]
# It ends the session that the other operations are tried with; tried last, alone.
SIGN_OUT = "session_end"


def sign_in(url, account):
    """A session's headers: its cookie and the token that unsafe requests need."""
    person = requests.Session()
    answer = person.post(f"{url}/api/v1/session", json={k: account[k] for k in ("username", "password")}, timeout=30)
    answer.raise_for_status()
    token = person.get(f"{url}/api/v1/session", timeout=30).json()["csrf_token"]
    cookie = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    return {"Cookie": cookie, "X-CSRF-Token": token}, person


def people_of(portal, url, session, headers, demo):
    """Ids that exist, so that the answers under them are tried too."""
    if portal == "internal":
        found = session.post(
            f"{url}/api/v1/patient-searches", json={"q": demo["patients"][0]["name"]}, headers=headers, timeout=30
        )
        return [item["id"] for item in found.json()["items"]]
    page = session.get(url, timeout=30).text
    start = page.index('"/people/') + len('"/people/')
    return [page[start:].split("/")[0]]


def operations(url):
    document = requests.get(f"{url}/api/openapi.json", timeout=30).json()
    return sum(len(methods) for methods in document["paths"].values())


def run(name, url, headers, people, cases, reports, chosen):
    report = reports / f"{name}.json"
    command = [
        str(pathlib.Path(sys.executable).parent / "st"), "run", f"{url}/api/openapi.json", "--url", f"{url}/api/v1",
        "--phases", "examples,coverage,fuzzing", "--checks", ",".join(CHECKS), "--max-examples", str(cases),
        "--generation-deterministic", "--no-color", "--continue-on-failure",
        "--request-timeout", "30", "--suppress-health-check", "all", "--warnings", "off",
        "--report", "json", "--report-json-path", str(report), *chosen,
    ]
    for header, value in headers.items():
        command += ["-H", f"{header}: {value}"]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE), "PORTAL_PEOPLE": ",".join(people)}
    ended = subprocess.run(command, env=environment, cwd=reports, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    sent = json.loads(report.read_text()) if report.exists() else {}
    return ended.returncode, ended.stdout, sent


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--demo", required=True, type=pathlib.Path)
    arguments.add_argument("--cases", type=int, default=1000, help="in all, over both portals")
    arguments.add_argument("--reports", required=True, type=pathlib.Path)
    options = arguments.parse_args()
    demo = json.loads(options.demo.read_text())
    options.reports.mkdir(parents=True, exist_ok=True)
    reports = options.reports.resolve()
    passed = failed = 0
    portals = ["internal", "external"]
    # Each operation is tried signed in and by a stranger.
    runs = 2 * sum(operations(demo[portal]["url"]) for portal in portals)
    each = max(10, -(-options.cases // runs))
    for portal in portals:
        url = demo[portal]["url"]
        account = next(a for a in demo[portal]["accounts"] if portal == "external" or "clinician" in a["roles"])
        headers, session = sign_in(url, account)
        people = people_of(portal, url, session, headers, demo)
        but_sign_out = ["--exclude-operation-id", SIGN_OUT]
        for name, how, chosen in [
            (f"{portal} signed in", headers, but_sign_out),
            (f"{portal} stranger", {}, []),
            (f"{portal} signing out", headers, ["--include-operation-id", SIGN_OUT]),
        ]:
            code, said, sent = run(name.replace(" ", "-"), url, how, people, each, reports, chosen)
            if code == 0:
                passed += 1
                print(f"ok   {name}")
            else:
                failed += 1
                print(f"FAIL {name}\n{said}")
            summary = [line for line in said.splitlines() if "generated" in line or "Test cases" in line]
            print("     " + " ".join(summary).strip())
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
