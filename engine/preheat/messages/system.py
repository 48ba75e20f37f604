"""Reasons why files, folders and connections cannot be used: Linux's (``os_`` and the errno) and Preheat's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

TABLE: Final[Mapping[str, Template]] = {
    "os_eperm": Template("Operation not permitted"),
    "os_enoent": Template("No such file or directory"),
    "os_eio": Template("Input/output error"),
    "os_enxio": Template("No such device or address"),
    "os_enomem": Template("Cannot allocate memory"),
    "os_eacces": Template("Permission denied"),
    "os_ebusy": Template("Device or resource busy"),
    "os_eexist": Template("File exists"),
    "os_exdev": Template("Invalid cross-device link"),
    "os_enodev": Template("No such device"),
    "os_enotdir": Template("Not a directory"),
    "os_eisdir": Template("Is a directory"),
    "os_einval": Template("Invalid argument"),
    "os_enfile": Template("Too many open files in system"),
    "os_emfile": Template("Too many open files"),
    "os_etxtbsy": Template("Text file busy"),
    "os_efbig": Template("File too large"),
    "os_enospc": Template("No space left on device"),
    "os_erofs": Template("Read-only file system"),
    "os_epipe": Template("Broken pipe"),
    "os_enametoolong": Template("File name too long"),
    "os_enotempty": Template("Directory not empty"),
    "os_eloop": Template("Too many levels of symbolic links"),
    "os_eaddrinuse": Template("Address already in use"),
    "os_eaddrnotavail": Template("Cannot assign requested address"),
    "os_enetdown": Template("Network is down"),
    "os_enetunreach": Template("Network is unreachable"),
    "os_econnaborted": Template("Software caused connection abort"),
    "os_econnreset": Template("Connection reset by peer"),
    "os_etimedout": Template("Connection timed out"),
    "os_econnrefused": Template("Connection refused"),
    "os_ehostunreach": Template("No route to host"),
    "os_estale": Template("Stale file handle"),
    "os_edquot": Template("Disk quota exceeded"),
    "name_unknown": Template("Name or service not known"),
    "name_unknown_now": Template("Temporary failure in name resolution"),
    "name_without_address": Template("No address associated with hostname"),
    "all_attempts_failed": Template("All connection attempts failed"),
    "file_changed": Template("the file has changed"),
    "file_changing": Template("another program is changing it"),
    "file_not_regular": Template("it is not a regular file"),
    "copy_differs": Template("the copy differs from the original"),
    "folder_of_another_user": Template("the folder belongs to another user"),
}

REASON_CODES: Final[Mapping[str, str]] = {template.text: code for code, template in TABLE.items()}
"""Codes by words; see ``errors.reason_of``."""
