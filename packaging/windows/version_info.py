"""The version resource of the programs for Windows, which Explorer and the Task Manager show."""

from __future__ import annotations

from project import Project


def version_info(project: Project, name: str, description: str) -> str:
    """Return the text of PyInstaller's version file for a program.

    Args:
        name: File name of the program.
        description: What the Task Manager shows.
    """
    numbers = tuple(map(int, project.windows_version.split(".")))
    texts = {
        "CompanyName": project.publisher,
        "FileDescription": description,
        "FileVersion": project.version,
        "InternalName": name.partition(".")[0],
        "LegalCopyright": f"{project.publisher}, {project.licence}",
        "OriginalFilename": name,
        "ProductName": "Preheat",
        "ProductVersion": project.version,
    }
    structs = ", ".join(f"StringStruct({key!r}, {value!r})" for key, value in texts.items())
    return f"""\
VSVersionInfo(
  ffi=FixedFileInfo(
    filevers={numbers}, prodvers={numbers}, mask=0x3F, flags=0x0, OS=0x40004, fileType=0x1, subtype=0x0
  ),
  kids=[
    StringFileInfo([StringTable('040904B0', [{structs}])]),
    VarFileInfo([VarStruct('Translation', [1033, 1200])]),
  ],
)
"""
