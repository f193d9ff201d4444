"""Ansible's way into a folder that holds a whole system: modules run in it by chroot.

Ansible itself no longer brings one.  The inventory says `ansible_connection=root ansible_host=/path/of/the/root`; who
calls it is root and has mounted /proc and /dev there (ansible/in-root does).
"""

from shlex import quote

from ansible.plugins.connection import local

DOCUMENTATION = """
    name: root
    author: Pacsberry
    short_description: run modules in a folder that holds a whole system
    description:
        - Runs everything by chroot in the folder that C(ansible_host) names.
    extends_documentation_fragment:
        - connection_pipelining
    options:
        become_success_timeout:
            type: int
            default: 10
            description: Seconds to wait until another user has been become.
        become_strip_preamble:
            type: bool
            default: true
            description: Leave out what becoming another user prints.
"""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Connection(local.Connection):
    """The local connection, with another root."""

    transport = "root"

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command in the root; its code, standard output and standard error."""
        inside = f"chroot {quote(self._root)} /bin/sh -c {quote(cmd)}"
        # The language and the PATH of the machine outside say nothing about the one inside.
        clean = (
            "exec env -i HOME=/root LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "
        )
        return super().exec_command(clean + inside, in_data=in_data, sudoable=sudoable)

    def put_file(self, in_path: str, out_path: str) -> None:
        """Copy a file into the root."""
        super().put_file(in_path, self._root + out_path)

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Copy a file out of the root."""
        super().put_file(self._root + in_path, out_path)

    @property
    def _root(self) -> str:
        return str(self._play_context.remote_addr).rstrip("/")
