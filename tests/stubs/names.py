"""A DNS server on loopback: real questions and answers over UDP, out of a table."""

import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class NameServer:
    """`records` maps (name, kind) to texts as a zone file has them; `failing` names get SERVFAIL; `queries` lists each
    query as (name, kind)."""

    def __init__(self, port: int = 0):
        self.records: dict[tuple[str, str], list[str]] = {}
        self.failing: set[str] = set()
        self.queries: list[tuple[str, str]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        self._socket.close()

    def prove(self, domain: str, token: str) -> None:
        """Set the TXT record a customer would set."""
        self.records[f"_imgapis.{domain}", "TXT"] = [f'"imgapis-verification={token}"']

    def forget(self, domain: str) -> None:
        """Take the TXT record away again."""
        self.records.pop((f"_imgapis.{domain}", "TXT"), None)

    def _serve(self) -> None:
        while True:
            try:
                wire, peer = self._socket.recvfrom(4096)
            except OSError:
                return
            self._socket.sendto(self._answer(dns.message.from_wire(wire)).to_wire(), peer)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.queries.append((name, kind))
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if name in self.failing:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif (name, kind) in self.records:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *self.records[name, kind]))
        elif not any(record_name == name for record_name, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer
