"""Checks OCSF events (NDJSON on stdin) against the published schema.

The schema comes with the package ocsf-json-schema, which makes a strict JSON Schema of each class and its profiles: no attribute
that the class does not have, the required ones, enumerations, the expressions of addresses, the constraints (at least one of).
Added is what a JSON Schema cannot say: that type_uid is that of class and activity, that the names are those of the numbers, and that
nothing is used that the event's own version has deprecated.

    python ocsf.py VERSION… < events.ndjson

The last line is a count; each event that fails is told before it, up to a hundred. Ends with 1 if any failed.
"""

import json
import sys

import jsonschema_rs
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema


class Version:
    def __init__(self, version):
        self.version = version
        self.schema = get_ocsf_schema(version=version)
        self.maker = OcsfJsonSchemaEmbedded(self.schema)
        self.by_uid = {c["uid"]: (n, c) for n, c in self.schema["classes"].items() if "uid" in c}
        self.validators = {}

    def validator(self, uid, profiles):
        key = (uid, profiles)
        if key not in self.validators:
            name = "base_event" if uid == 0 else self.by_uid[uid][0]
            schema = self.maker.get_class_schema(class_name=name, profiles=list(profiles))
            self.validators[key] = jsonschema_rs.validator_for(schema)
        return self.validators[key]

    def class_of(self, uid):
        return self.schema["classes"]["base_event"] if uid == 0 else self.by_uid[uid][1]

    def deprecated(self, definition, value, path=""):
        for name, inner in value.items():
            attribute = definition["attributes"].get(name, {})
            if "@deprecated" in attribute:
                yield f"{path}{name} is deprecated: {attribute['@deprecated']['message']}"
            inside = self.schema["objects"].get(attribute.get("object_type"), {"attributes": {}})
            for one in inner if isinstance(inner, list) else [inner]:
                if isinstance(one, dict):
                    yield from self.deprecated(inside, one, f"{path}{name}.")

    def problems(self, event):
        uid = event.get("class_uid")
        if uid != 0 and uid not in self.by_uid:
            yield f"no class {uid}"
            return
        profiles = tuple(event.get("metadata", {}).get("profiles", ()))
        for error in self.validator(uid, profiles).iter_errors(event):
            yield f"{'/'.join(map(str, error.instance_path))}: {error.message[:300]}"
        definition = self.class_of(uid)
        if event["type_uid"] != uid * 100 + event["activity_id"]:
            yield f"type_uid {event['type_uid']} of class {uid}, activity {event['activity_id']}"
        for number in ("activity", "severity", "status"):
            value = event.get(f"{number}_id")
            enumeration = definition["attributes"][f"{number}_id"]["enum"]
            caption = enumeration.get(str(value), {}).get("caption")
            name = event.get("activity_name" if number == "activity" else number)
            if value is not None and value != 99 and caption != name:
                yield f"{number} {value} is {caption!r}, not {name!r}"
        if event["metadata"]["version"] == self.version:
            yield from self.deprecated(definition, event)
        if uid and (event["class_name"], event["category_name"]) != (definition["caption"], definition["category_name"]):
            yield f"{event['class_name']!r} in {event['category_name']!r} is {definition['caption']!r}"


def main():
    versions = [Version(version) for version in sys.argv[1:]]
    checked = failed = 0
    for line in sys.stdin.buffer:
        event = json.loads(line)
        for version in versions:
            problems = list(version.problems(event))
            if problems:
                failed += 1
                if failed <= 100:
                    print(version.version, event.get("metadata", {}).get("event_code"), problems[:4])
        checked += 1
    print(json.dumps({"checked": checked, "failed": failed}))
    sys.exit(1 if failed else 0)


main()
