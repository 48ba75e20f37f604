"""Messages of ``preheat doctor``: what a check found, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

_PORT_REMEDY: Final = "Stop it, or choose another port: preheat config set port {free}"

TABLE: Final[Mapping[str, Template]] = {
    "doctor_slow": Template(
        "This check did not finish within {seconds:.0f} s",
        "A disk, a network folder or another program may not respond; run preheat doctor again",
    ),
    "doctor_check_failed": Template(
        "This check failed: {reason}",
        "Close other programs, and run preheat doctor again; if it fails again, report it with these lines",
    ),
    "doctor_file_unusable": Template("{path} cannot be used: {reason}", "{remedy}"),
    "doctor_move_away": Template("Move it away; Preheat creates a new one"),
    # Versions and installation.
    "doctor_version": Template("Preheat {version}"),
    "doctor_packages_missing": Template(
        "Packages that Preheat needs are not installed: {packages:names}", "Install Preheat again"
    ),
    "doctor_installed": Template("Installed as {form}"),
    "doctor_other_copies": Template(
        "The command preheat in a terminal is another copy: {first}",
        "Remove the copy that you do not need, or put the folder of this one first in PATH",
    ),
    # Processor and devices.
    "doctor_processor": Template("{name}"),
    "doctor_processor_old": Template(
        "This processor lacks instructions that Preheat needs: {features:names}",
        "Use a newer computer: Intel's processors since 2009 and AMD's since 2011 have them",
    ),
    "doctor_library": Template("llama.cpp uses its library for {variant}: the best one that runs here"),
    "doctor_library_single": Template("This build of llama.cpp has only one library for processors"),
    "doctor_library_native": Template(
        "llama.cpp was built for this kind of processor alone, as pip does by default",
        "For a computer with another processor: CMAKE_ARGS=-DGGML_NATIVE=OFF pip install --force-reinstall --no-deps "
        "--no-cache-dir --no-binary llama-cpp-python llama-cpp-python",
    ),
    "doctor_library_failed": Template(
        "Better libraries of llama.cpp fail on this processor: {variants:names}",
        "Nothing needs to be done; report it with the file that preheat doctor --bundle writes",
    ),
    "doctor_library_damaged": Template("{file}, a part of llama.cpp, is missing or damaged", "Install Preheat again"),
    # Memory.
    "doctor_memory": Template("{available:memory} of {total:memory} of memory are available"),
    "doctor_limit_above_memory": Template(
        "memory_limit is {limit:memory}, but there are only {total:memory}",
        "Set a smaller limit: preheat config set memory_limit 50%",
    ),
    "doctor_keep_free_is_all": Template(
        "keep_free is {keep:memory}, and there are only {total:memory}: no model can be loaded",
        "Set less: preheat config set keep_free 1GiB",
    ),
    "doctor_memory_short": Template(
        "Only {available:memory} are available, less than keep_free ({keep:memory}): nothing is preloaded",
        "Close other programs, or set less: preheat config set keep_free 500MB",
    ),
    "doctor_address_space": Template(
        "Programs may use only {limit:memory} of address space", "Raise or remove the limit: ulimit -v unlimited"
    ),
    "doctor_open_files": Template(
        "Programs may open only {limit} files; Preheat needs one for each connection", "Raise the limit: ulimit -n 4096"
    ),
    # Folders.
    "doctor_folders": Template("Preheat uses these folders"),
    "doctor_folder_unreachable": Template("{path} cannot be reached: {reason}", "Check the path and its permissions"),
    "doctor_folder_no_folder": Template(
        "{path} cannot be a folder: {found} is a file", "Move the file away, or choose another folder"
    ),
    "doctor_folder_read_only": Template(
        "{path} is on a disk that is mounted read-only", "Make the disk writable, or choose another folder"
    ),
    "doctor_folder_of_other": Template(
        "{path} belongs to another user, and Preheat cannot write there",
        'Give it back: sudo chown -R "$USER" {quoted}',
    ),
    "doctor_folder_not_ours": Template(
        "{path} belongs to another user, and Preheat cannot write there",
        "Set HOME, or PREHEAT_HOME, to a folder of your own",
    ),
    "doctor_folder_no_access": Template(
        "Preheat cannot read and write {path} ({mode})", "Change the permissions: chmod u+rwx {quoted}"
    ),
    "doctor_disk_full": Template("The disk of {path} is full ({free:bytes} free)", "Free some space"),
    "doctor_disk_low": Template(
        "The disk of {path} is nearly full ({free:bytes} free)",
        "Free some space, or move the models: preheat move-models FOLDER",
    ),
    "doctor_network_disk": Template(
        "{path} is on a network disk ({kind}), where databases can be damaged",
        "Put Preheat's data on a local disk: set PREHEAT_HOME, or XDG_DATA_HOME",
    ),
    "doctor_volatile_disk": Template(
        "{path} is in memory ({kind}) and is lost at the next start of the machine",
        "Put it on a disk: set PREHEAT_HOME, or the setting models_dir",
    ),
    # Settings.
    "doctor_settings": Template("{path} is correct"),
    "doctor_settings_default": Template("There is no settings file; the defaults apply ({path})"),
    "doctor_settings_wrong": Template(
        "The settings are not correct; the last good ones apply", "Correct each problem below"
    ),
    "doctor_settings_ignored": Template(
        "The settings are not correct, and there are no last good ones: preheat serve does not start",
        "Correct each problem below, or remove {path}",
    ),
    "doctor_settings_readable": Template(
        "Other users of this machine can read the API keys in {path}", "Make it private: chmod 600 {path}"
    ),
    # Port and engine.
    "doctor_cannot_listen": Template(
        "Preheat cannot listen at {host}: {reason}", "Choose another address: preheat config set host 127.0.0.1"
    ),
    "doctor_port_any": Template("The port is chosen at each start (port = 0)"),
    "doctor_port_free": Template("Port {port} at {address} is free"),
    "doctor_port_ours": Template("Port {port} at {address} belongs to the running Preheat (process {pid})"),
    "doctor_port_elsewhere": Template("Preheat runs on port {port}; the configured port {setting} is free"),
    "doctor_port_other_preheat": Template(
        "Port {port} belongs to another Preheat {version} ({holder}), of another user or with another PREHEAT_HOME",
        _PORT_REMEDY,
    ),
    "doctor_port_taken": Template("Port {port} belongs to {holder}", _PORT_REMEDY),
    "doctor_port_silent": Template("Port {port} belongs to {holder}, which does not answer", _PORT_REMEDY),
    "doctor_port_other_loopback": Template(
        "{holder} listens on [{address}]:{port}: programs that connect to localhost may reach it instead of Preheat",
        "Use http://{own}:{port} in programs, or stop it",
    ),
    "doctor_ollama_port_ours": Template("Preheat also answers on Ollama's port {port}"),
    "doctor_ollama_port_taken": Template(
        "Ollama's port {port} belongs to {holder}, so Preheat does not answer there",
        "Stop it, or switch this off: preheat config set ollama_port false",
    ),
    "doctor_not_running": Template("Preheat is not running", "Start it: preheat tray, or preheat serve"),
    "doctor_running": Template("Preheat {version} runs on port {port} (process {pid})"),
    "doctor_no_answer": Template(
        "Preheat (process {pid}) does not answer on port {port}",
        "If this lasts, end process {pid} and start Preheat again",
    ),
    "doctor_no_status": Template(
        "Preheat (process {pid}) does not report its state: {reason}", "If this lasts, start Preheat again"
    ),
    "doctor_other_version": Template(
        "The running Preheat is version {running}, the installed one {installed}", "Quit Preheat, and start it again"
    ),
    "doctor_engine_warns": Template("{warning}", "{remedy}"),
    "doctor_model_failed": Template("{model} does not load: {error}", "{remedy}"),
    # Models.
    "doctor_models": Template("Models: {count} ({size:bytes})"),
    "doctor_no_models": Template(
        "There are no models in the configured folders",
        "Get one: preheat pull qwen3:4b; or put GGUF files into {folder}",
    ),
    "doctor_models_skipped": Template("Files that Preheat cannot serve as models: {count}"),
    "doctor_models_problems": Template(
        "Files or folders that cannot be read as models: {count}", "Replace or remove them, or check their permissions"
    ),
    "doctor_favourites_missing": Template(
        "Favourites without a model: {names:names}", "Get them with preheat pull, or: preheat unfavourite NAME"
    ),
    # Database.
    "doctor_no_database": Template("There is no history yet"),
    "doctor_database": Template("The history is intact; requests in it: {requests}"),
    "doctor_database_large": Template("The history ({size:bytes}) is too large to check in this time"),
    "doctor_database_busy": Template("The history cannot be checked now: {reason}", "Run preheat doctor again"),
    "doctor_database_damaged": Template(
        "The history is damaged: {reason}", "Move {path} away; Preheat creates a new one"
    ),
    "doctor_database_read_only": Template(
        "{path} cannot be written: no usage is learned", "Check the owner and the permissions of the file"
    ),
    "doctor_database_aside": Template(
        "Damaged histories that were moved aside: {count}", "Check the disk; then the files can be removed"
    ),
    # Cache and downloads.
    "doctor_cache": Template("The cache takes {size} ({path})"),
    "doctor_cache_large": Template(
        "The cache is large: {size}", "{path} can be removed while Preheat is not running; a log in it goes too"
    ),
    "doctor_downloads_unreadable": Template("{path} cannot be read: {reason}", "Check its permissions"),
    "doctor_downloads_open": Template("Downloads that are not complete: {count} ({size:bytes})"),
    "doctor_downloads_old": Template(
        "Downloads that have not continued for weeks: {count} ({size:bytes})",
        "Continue or remove them: preheat downloads lists them",
    ),
    # Kept prompts.
    "doctor_prompts_off": Template("Prompts are not kept: the setting prefix_cache is off"),
    "doctor_prompts_no_memory": Template(
        "This system has no file system in memory, so no prompts are kept", "Set prefix_cache to disk"
    ),
    "doctor_prompts_none": Template("No prompts are kept on disk yet"),
    "doctor_prompts": Template("Kept prompts take {size} ({path})"),
    "doctor_prompts_limit": Template("Kept prompts take {size} of {limit} ({path})"),
    "doctor_prompts_today": Template("Written for kept prompts today: {written:bytes} of {limit:bytes}"),
    "doctor_prompts_no_folder": Template(
        "{path} is not a folder: no prompts are kept on disk", "Remove it while Preheat is not running"
    ),
    "doctor_prompts_not_ours": Template(
        "{path} belongs to another user or cannot be written: no prompts are kept on disk",
        "Remove it; Preheat creates a new one",
    ),
    # Keys and runtime files.
    "doctor_no_keys": Template("There are no named API keys"),
    "doctor_keys": Template("Named API keys: {count}"),
    "doctor_keys_unreadable": Template(
        "The file of API keys cannot be read: {reason}. Every key is refused",
        "Check {path}, or remove it and make the keys again",
    ),
    "doctor_file_open": Template("Other users can access {path} ({mode})", "Make it private: chmod 600 {path}"),
    "doctor_runtime_file_unreadable": Template(
        "{path} cannot be read: {reason}; programs do not find the running Preheat",
        "Remove it, and start Preheat again",
    ),
    "doctor_runtime_file_of_other": Template("{path} belongs to another user", "Remove it, and start Preheat again"),
    "doctor_runtime_file_stale": Template(
        "Preheat (process {pid}) ended without removing its runtime file; the next start replaces it"
    ),
    # Tray and start at login.
    "doctor_no_windows_here": Template("The windows are not installed; preheat serve works without them"),
    "doctor_qt_libraries": Template(
        "The windows cannot start: libraries are missing: {libraries:names}",
        "Install them with the system's package manager; preheat serve works without them",
    ),
    "doctor_qt_libraries_debian": Template(
        "The windows cannot start: libraries are missing: {libraries:names}", "sudo apt install {packages}"
    ),
    "doctor_tray_system": Template("The icon appears in the system's own tray or menu bar"),
    "doctor_no_desktop": Template("There is no desktop session here; preheat serve works without one"),
    "doctor_tray": Template("{session} shows tray icons: {hosts:names}"),
    "doctor_tray_missing": Template(
        "{session} has no place for tray icons; the dashboard replaces the icon",
        "In GNOME, install the extension AppIndicator; elsewhere, add a tray to the panel",
    ),
    "doctor_desktop_unreachable": Template(
        "The desktop session ({session}) does not answer", "Run preheat doctor in a terminal of that session"
    ),
    "doctor_autostart_off": Template("Preheat does not start at login"),
    "doctor_autostart_on": Template("Preheat starts at login: {command}"),
    "doctor_autostart_unclear": Template(
        "The entry that starts Preheat at login has no readable command",
        "Switch Start at login off and on in the settings window",
    ),
    "doctor_autostart_dangling": Template(
        "Preheat should start at login, but {program} does not exist",
        "Switch Start at login off and on in the settings window",
    ),
    "doctor_autostart_other": Template(
        "Another copy of Preheat starts at login: {program}, not {own}",
        "Switch Start at login off and on in the settings window",
    ),
    # Background service.
    "doctor_no_service": Template("There is no background service (preheat service install creates one)"),
    "doctor_service_unknown": Template("The state of the service is unknown: {reason}"),
    "doctor_service_running": Template("The background service is running ({manager}, process {pid})"),
    "doctor_service_stopped": Template(
        "The background service is installed but not running ({manager})",
        "Install it again, which starts it: preheat service install",
    ),
    "doctor_service_disabled": Template(
        "The background service does not start by itself ({manager})", "Install it again: preheat service install"
    ),
    # Updates.
    "doctor_update_available": Template("Version {version} is available", "{advice}"),
    "doctor_updates_no_address": Template("This build has no address to check for newer versions"),
    "doctor_updates_daily": Template("Preheat checks for newer versions once a day, and knows of none"),
    "doctor_updates_off": Template("Preheat does not check for newer versions (preheat update --check does)"),
    # Log and clock.
    "doctor_no_log": Template("There is no log yet ({path})"),
    "doctor_log": Template("The log can be read"),
    "doctor_log_read_only": Template("{path} cannot be written", "Check the owner and the permissions of the file"),
    "doctor_log_bugs": Template(
        "Internal errors at the end of the log: {count}",
        "Report them with the file that preheat doctor --bundle writes",
    ),
    "doctor_clock": Template("{now}"),
    "doctor_clock_past": Template(
        "The clock says {now}: downloads fail, and no usage is learned", "Set the clock, or switch on network time"
    ),
    "doctor_clock_set_back": Template(
        "Preheat's files were changed at {newest}, which is in the future", "Check the clock"
    ),
    # The file of diagnostics.
    "doctor_file_exists": Template("{path} exists already", "Choose another name, or overwrite it with --force"),
    "doctor_file_without_bundle": Template(
        "A file is only given together with --bundle", "preheat doctor --bundle FILE"
    ),
    "doctor_bundle_unwritable": Template("{path} cannot be written: {reason}", "{remedy}"),
}
