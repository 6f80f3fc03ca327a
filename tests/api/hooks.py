"""Puts people and sections that exist into some of the made-up paths: the rest of an operation is tried too."""

import os

import schemathesis

PEOPLE = [person for person in os.environ.get("PORTAL_PEOPLE", "").split(",") if person]
SECTIONS = [
    "demographics", "summary", "outpatient", "inpatient", "orders", "prescriptions", "medications", "lab-results",
    "exam-reports", "surgery", "nursing", "discharge", "charges", "front-page", "personal-record",
]
PERSON_NAMES = ("id", "person")


def some(value, choices):
    """The same choice for the same made-up value; none for a third of them, so that unknown ones stay."""
    number = sum(str(value).encode("utf-8", "replace"))
    return None if not choices or number % 3 == 0 else choices[number % len(choices)]


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    for name, value in list((path_parameters or {}).items()):
        known = some(value, PEOPLE if name in PERSON_NAMES else SECTIONS if name == "section" else [])
        if known is not None:
            path_parameters[name] = known
    return path_parameters
