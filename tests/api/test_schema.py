#!/usr/bin/python3
"""The checker of answers refuses what it must, and accepts the sound neighbour."""

import unittest

import schema

DOCUMENT = schema.Document({"components": {"schemas": {"Person": {
    "type": "object", "required": ["id", "state"], "properties": {
        "id": {"type": "string", "maxLength": 4}, "state": {"type": "string", "enum": ["in", "out"]},
        "at": {"type": ["string", "null"], "format": "date-time"}, "n": {"type": "integer"},
        "password": {"type": "string", "writeOnly": True}}}}}})
PERSON = {"$ref": "#/components/schemas/Person"}
OPERATION = {"responses": {"200": {"description": "", "content": {"application/json": {"schema": PERSON}}},
                           "204": {"description": ""}}}
SOUND = {"id": "a", "state": "in"}


class Checker(unittest.TestCase):
    def refused(self, value, words, of=None):
        found = "; ".join(DOCUMENT.check(of or PERSON, value, "body"))
        self.assertIn(words, found)

    def test_a_sound_value_is_accepted(self):
        self.assertEqual(list(DOCUMENT.check(PERSON, {**SOUND, "at": None, "n": 3}, "body")), [])
        self.assertEqual(list(DOCUMENT.check(PERSON, {**SOUND, "at": "2026-01-02T03:04:05.678Z"}, "body")), [])

    def test_each_fault_has_its_words(self):
        self.refused({"id": "a"}, "state is missing")
        self.refused({**SOUND, "state": "gone"}, "is none of")
        self.refused({**SOUND, "id": 1}, "is no string")
        self.refused({**SOUND, "id": "abcde"}, "5 characters")
        self.refused({**SOUND, "n": True}, "is no integer")
        self.refused({**SOUND, "n": 1.5}, "is no integer")
        self.refused({**SOUND, "at": "2026-01-02T03:04:05+00:00"}, "no time in UTC")
        self.refused({**SOUND, "password": "x"}, "never to be told")
        self.refused([SOUND], "is no object")

    def test_alternatives_fit_exactly_once(self):
        either = {"oneOf": [PERSON, {"type": "null"}]}
        self.assertEqual(list(DOCUMENT.check(either, None, "body")), [])
        self.refused({}, "fits 0", either)
        self.refused(None, "fits 2", {"oneOf": [{"type": "null"}, {"type": ["null", "string"]}]})

    def test_items_are_checked(self):
        self.refused([SOUND, {"id": "b"}], "body[1]: state is missing", {"type": "array", "items": PERSON})

    def test_an_unknown_keyword_is_a_fault(self):
        self.refused("x", "does not know {'not'}", {"not": {}})

    def test_an_answer_has_a_known_status_and_type(self):
        self.assertEqual(DOCUMENT.faults(OPERATION, 200, "application/json; charset=utf-8", SOUND), [])
        self.assertEqual(DOCUMENT.faults(OPERATION, 204, "", None), [])
        self.assertIn("is not in the document", DOCUMENT.faults(OPERATION, 404, "", None)[0])
        self.assertIn("not application/json", DOCUMENT.faults(OPERATION, 200, "text/html", None)[0])

    def test_members_that_nobody_described_are_found(self):
        page = {"type": "object", "properties": {"items": {"type": "array", "items": PERSON}}}
        self.assertEqual(list(schema.undocumented(DOCUMENT, {"items": [SOUND]}, page)), [])
        found = list(schema.undocumented(DOCUMENT, {"items": [{**SOUND, "secret": 1}]}, page))
        self.assertEqual(found, ["body.items[0].secret is not in the document"])


unittest.main()
