; A small program in place of preheat.exe and preheat-tray.exe, for tests of the installer under Wine.
; Appends its arguments to $PREHEAT_STAND_IN\calls.txt. The tray runs until `preheat.exe quit` ends it; with the file
; $PREHEAT_STAND_IN\stubborn, that command does not end it.

Target amd64-unicode
Unicode true
SilentInstall silent
RequestExecutionLevel user
OutFile "${OUTPUT}"
!include FileFunc.nsh
!include LogicLib.nsh

Section
    ReadEnvStr $0 PREHEAT_STAND_IN
    ${GetParameters} $1
    FileOpen $2 "$0\calls.txt" a
    FileSeek $2 0 END
    FileWrite $2 "${NAME} $1$\r$\n"
    FileClose $2
    ${If} "${NAME}" == "preheat-tray.exe"
        Delete "$0\ended"
        ${DoUntil} ${FileExists} "$0\ended"
            Sleep 50
        ${Loop}
    ${ElseIf} $1 == "quit"
    ${AndIfNot} ${FileExists} "$0\stubborn"
        FileOpen $2 "$0\ended" w
        FileClose $2
    ${EndIf}
SectionEnd
