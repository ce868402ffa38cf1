"""What passes the fault proxy: a call with its account, operation and thing, and the answer to it, in AWS's two protocols.

Query (RDS, STS): a form with Action, an answer in XML. JSON (DynamoDB, Secrets Manager, Application Auto Scaling): the
operation in X-Amz-Target."""

import json
import re
import time
import urllib.parse
import xml.etree.ElementTree as xml

CREDENTIAL = re.compile(r"Credential=([^/\s]+)/\d+/([^/]+)/([^/]+)/aws4_request")
# Members that name the thing that a call is about.
NAMES = ("DBInstanceIdentifier", "TargetDBInstanceIdentifier", "TableName", "TargetTableName")
# A marker of ours: the emulator never sees it.
OWN_MARKER = "fault-page-"


class Call:
    """A request, read as far as rules look at it."""

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.at, self.answer = time.time(), None  # the emulator's code; None: it has not seen the call
        found = CREDENTIAL.search(headers.get("authorization", ""))
        self.key, self.region, self.service = found.groups() if found else ("", "", "")
        self.is_json = "x-amz-target" in headers
        self.members = self._members()
        self.operation = headers["x-amz-target"].rpartition(".")[2] if self.is_json else str(self.members.get("Action", ""))
        self.thing = next((str(self.members[name]) for name in NAMES if name in self.members), "")

    def _members(self):
        text = self.body.decode(errors="replace")
        if not self.is_json:
            return dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
        try:
            members = json.loads(text)
        except ValueError:
            return {}
        return members if isinstance(members, dict) else {}

    def text(self):
        """Everything that was asked, for rules that look for a word."""
        return json.dumps(self.members) if self.is_json else " ".join(f"{name}={value}" for name, value in self.members.items())

    def take_page(self):
        """The page that is asked for by a marker of ours, which is taken out of the request; 1 without one."""
        name = "NextToken" if self.is_json else "Marker"
        marker = str(self.members.get(name, ""))
        if not marker.startswith(OWN_MARKER):
            return 1
        del self.members[name]
        text = json.dumps(self.members) if self.is_json else urllib.parse.urlencode(self.members)
        self.body = text.encode()
        return int(marker.removeprefix(OWN_MARKER))


class Reply:
    """An answer, whole."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        # More than is sent: the answer breaks off in transit.
        self.promised = None

    def code(self):
        """`ok`, or AWS's error code."""
        if self.status < 400:
            return "ok"
        found = re.search(rb"<Code>([^<]*)</Code>", self.body) or re.search(rb'"__type"\s*:\s*"(?:[^"#]*#)?([^"]*)"', self.body)
        return found.group(1).decode() if found else f"HTTP {self.status}"

    def with_body(self, body):
        return Reply(self.status, self.headers, body)


def refusal(call, status, code, message):
    """An error as AWS writes it in the protocol of the call."""
    if call.is_json:
        body = json.dumps({"__type": f"com.amazon.coral.service#{code}", "message": message})
        return Reply(status, {"content-type": "application/x-amz-json-1.0"}, body.encode())
    kind = "Receiver" if status >= 500 else "Sender"
    body = (f"<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            "<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>")
    return Reply(status, {"content-type": "text/xml"}, body.encode())


def listing(call, reply):
    """The things of an answer; None when it holds no list."""
    try:
        return JsonListing(reply) if call.is_json else XmlListing(reply)
    except (ValueError, StopIteration, xml.ParseError):
        return None


class XmlListing:
    """`<XResponse><XResult><Things><Thing/>...</Things><Marker/></XResult></XResponse>`"""

    def __init__(self, reply):
        self.reply, self.root = reply, xml.fromstring(reply.body)
        result = next(one for one in self.root if one.tag.endswith("Result"))
        self.result, self.space = result, self.root.tag.partition("}")[0] + "}" if "}" in self.root.tag else ""
        self.things = next(one for one in result if not one.tag.endswith("Marker"))

    def items(self):
        return list(self.things)

    def name(self, item):
        found = item.find(f"{self.space}DBInstanceIdentifier")
        return found.text if found is not None else ""

    def text(self, item):
        return xml.tostring(item, encoding="unicode")

    def with_items(self, items, marker=""):
        """The same answer with these items; `marker` None leaves AWS's own."""
        for one in list(self.things):
            self.things.remove(one)
        self.things.extend(items)
        if marker is not None:
            self._mark(marker)
        if self.space:
            # The SDK's parser compares names with their prefix.
            xml.register_namespace("", self.space[1:-1])
        return self.reply.with_body(xml.tostring(self.root))

    def _mark(self, marker):
        for one in self.result.findall(f"{self.space}Marker"):
            self.result.remove(one)
        if marker:
            xml.SubElement(self.result, f"{self.space}Marker").text = marker


class JsonListing:
    """`{"Things": [...], "NextToken": ...}`"""

    def __init__(self, reply):
        self.reply, self.root = reply, json.loads(reply.body)
        self.things = next(name for name, value in self.root.items() if isinstance(value, list))

    def items(self):
        return self.root[self.things]

    def text(self, item):
        return json.dumps(item)

    def with_items(self, items, marker=""):
        self.root[self.things] = items
        if marker is not None:
            self.root.pop("NextToken", None)
        if marker:
            self.root["NextToken"] = marker
        return self.reply.with_body(json.dumps(self.root).encode())
