"""A mail server that keeps what it was given."""

from __future__ import annotations

import socketserver
import time


class MailServer(socketserver.ThreadingTCPServer):
    """Takes every mail, and keeps what it was given; it takes so many seconds before
    and after that."""

    daemon_threads = True

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), MailTalk)
        self.seconds = seconds
        self.mails: list[str] = []


class MailTalk(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say("220 here")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self._say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                text = b"".join(lines).decode()
                time.sleep(self.server.seconds)
                self.server.mails.append(text)
                time.sleep(self.server.seconds)
            self._say("221 bye" if word == b"QUIT" else "250 taken")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
