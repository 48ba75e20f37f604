; Installer of Preheat for one user, without administrator rights. Compiled by installer.py, which defines:
;   VERSION, WINDOWS_VERSION, PUBLISHER, HOMEPAGE, ISSUES, SIZE_KB, OUTPUT
;   INSTALL_FILES, REMOVE_FILES, REMOVE_FOLDERS   generated scripts with one command for each file of the bundle
;   ICON, BANNER                  an .ico file, and the .bmp file next to the last page's text (optional)
;   SIGN                          a command that signs the file after it (optional)
;   CPU                           of the installer itself: x86-unicode or amd64-unicode
;   UNCOMPRESSED                  for a quick check of the script (optional)
;
; Options of the installer: /S silent, /LOGIN=1 or /LOGIN=0 start at login, /D=folder (last).
; Options of the uninstaller: /S silent, /PURGE also delete the user's data, /UPGRADE keep what an upgrade needs.
; Exit codes: 0 done, 1 cancelled, 2 a step failed, 3 Windows is too old, 4 Preheat is still running.

Target ${CPU}
Unicode true
ManifestDPIAware true
ManifestSupportedOS Win10
RequestExecutionLevel user
!ifdef UNCOMPRESSED
SetCompress off
!else
SetCompressor /SOLID lzma
!endif
SetOverwrite on
AllowSkipFiles off

!include LogicLib.nsh
!include FileFunc.nsh
!include MUI2.nsh
!include Sections.nsh
!include WinVer.nsh
!include x64.nsh
!include Win\COM.nsh
!include Win\Propkey.nsh

!define APP "Preheat"
; The program calls SetCurrentProcessExplicitAppUserModelID with it: see preheat_gui/platform/taskbar.py.
!define APP_ID "Preheat.Preheat"
!define TRAY "preheat-tray.exe"
!define COMMAND "preheat.exe"
!define SHORTCUT "$SMPROGRAMS\${APP}.lnk"
!define USER_DATA "$LOCALAPPDATA\preheat"
!define CURRENT_VERSION "Software\Microsoft\Windows\CurrentVersion"
!define UNINSTALL_KEY "${CURRENT_VERSION}\Uninstall\${APP}"
!define RUN_KEY "${CURRENT_VERSION}\Run"
!define APPROVED_KEY "${CURRENT_VERSION}\Explorer\StartupApproved\Run"
!define APP_PATHS "${CURRENT_VERSION}\App Paths"
!define QUIT_TIMEOUT_MS 180000
!define FREE_ATTEMPTS 20 ; of half a second each: Windows keeps a program's file for a while after its end

Name "${APP}"
OutFile "${OUTPUT}"
InstallDir "$LOCALAPPDATA\Programs\${APP}"
InstallDirRegKey HKCU "${UNINSTALL_KEY}" "InstallLocation"
BrandingText "${APP} ${VERSION}"
ShowInstDetails nevershow
ShowUninstDetails nevershow

VIProductVersion "${WINDOWS_VERSION}"
VIFileVersion "${WINDOWS_VERSION}"
VIAddVersionKey ProductName "${APP}"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey FileDescription "${APP} Setup"
VIAddVersionKey CompanyName "${PUBLISHER}"
VIAddVersionKey LegalCopyright "${PUBLISHER}, MIT"

!ifdef SIGN
!finalize '${SIGN} "%1"'
!uninstfinalize '${SIGN} "%1"'
!endif

!ifdef ICON
!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!endif
!ifdef BANNER
!define MUI_WELCOMEFINISHPAGE_BITMAP "${BANNER}"
!endif
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN "$INSTDIR\${TRAY}"
!define MUI_COMPONENTSPAGE_SMALLDESC
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "German"

LangString TooOld ${LANG_ENGLISH} "Preheat needs a 64-bit Windows 10 or later."
LangString TooOld ${LANG_GERMAN} "Preheat benötigt ein 64-Bit-Windows 10 oder neuer."
LangString Running ${LANG_ENGLISH} "Preheat is still running. Quit it from its tray icon, then choose Retry."
LangString Running ${LANG_GERMAN} "Preheat läuft noch. Beenden Sie es über sein Symbol in der Taskleiste, dann Wiederholen."
LangString Closing ${LANG_ENGLISH} "Waiting for Preheat to end its requests…"
LangString Closing ${LANG_GERMAN} "Preheat beendet seine Anfragen…"
LangString OldVersion ${LANG_ENGLISH} "The older version could not be removed. Uninstall it, then run this setup again."
LangString OldVersion ${LANG_GERMAN} "Die ältere Version ließ sich nicht entfernen. Deinstallieren Sie sie und starten Sie dieses Setup erneut."
LangString Program ${LANG_ENGLISH} "Preheat (required)"
LangString Program ${LANG_GERMAN} "Preheat (erforderlich)"
LangString AtLogin ${LANG_ENGLISH} "Start at login"
LangString AtLogin ${LANG_GERMAN} "Bei der Anmeldung starten"
LangString AboutProgram ${LANG_ENGLISH} "The tray application, the preheat command, and a Start menu entry."
LangString AboutProgram ${LANG_GERMAN} "Die Anwendung, der Befehl preheat und ein Eintrag im Startmenü."
LangString AboutAtLogin ${LANG_ENGLISH} "Favourites are loaded after login, without a window. Settings can change this later."
LangString AboutAtLogin ${LANG_GERMAN} "Favoriten werden nach der Anmeldung ohne Fenster geladen. Die Einstellungen ändern das später."
LangString Purge ${LANG_ENGLISH} "Also delete Preheat's settings, usage and downloaded models in ${USER_DATA}?"
LangString Purge ${LANG_GERMAN} "Auch Einstellungen, Nutzungsdaten und geladene Modelle in ${USER_DATA} löschen?"

Var TrayWasRunning
Var CommandLine

!macro Fail Code Message
    SetErrorLevel ${Code}
    MessageBox MB_OK|MB_ICONSTOP "${Message}" /SD IDOK
    Quit
!macroend
!define Fail "!insertmacro Fail"

; Sets Result to "free" unless this program is running: Windows refuses to open a running program's file for writing.
!macro IsFree File Result
    StrCpy ${Result} "free"
    ${If} ${FileExists} "${File}"
        ClearErrors
        FileOpen $R9 "${File}" a
        ${If} ${Errors}
            StrCpy ${Result} "running"
        ${Else}
            FileClose $R9
        ${EndIf}
        ClearErrors
    ${EndIf}
!macroend
!define IsFree "!insertmacro IsFree"

; Ends a running Preheat of this folder after its requests. Quits the installer if it goes on running.
!macro DefineClosePreheat Prefix
Function ${Prefix}ClosePreheat
    ${IsFree} "$INSTDIR\${TRAY}" $R1
    ${If} $R1 == "running"
        StrCpy $TrayWasRunning 1
    ${EndIf}
    ${IfNot} ${FileExists} "$INSTDIR\${COMMAND}"
        Return
    ${EndIf}
    DetailPrint "$(Closing)"
    nsExec::Exec /TIMEOUT=${QUIT_TIMEOUT_MS} '"$INSTDIR\${COMMAND}" quit'
    Pop $R0
    ${If} $R0 != 0
        nsExec::Exec /TIMEOUT=${QUIT_TIMEOUT_MS} '"$INSTDIR\${COMMAND}" quit --now'
        Pop $R0
    ${EndIf}
    again:
    ${For} $R2 1 ${FREE_ATTEMPTS}
        ${IsFree} "$INSTDIR\${TRAY}" $R0
        ${IsFree} "$INSTDIR\${COMMAND}" $R1
        ${If} "$R0$R1" == "freefree"
            Return
        ${EndIf}
        Sleep 500
    ${Next}
    MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(Running)" /SD IDCANCEL IDRETRY again
    SetErrorLevel 4
    Quit
FunctionEnd
!macroend
!insertmacro DefineClosePreheat ""
!insertmacro DefineClosePreheat "un."

; Sets $CommandLine to what the program's own setting writes: quoted only if the path has a space.
Function LoginCommandLine
    StrCpy $CommandLine '$INSTDIR\${TRAY}'
    StrCpy $R0 0
    ${Do}
        StrCpy $R1 $CommandLine 1 $R0
        ${If} $R1 == ""
            ${ExitDo}
        ${ElseIf} $R1 == " "
            StrCpy $CommandLine '"$CommandLine"'
            ${ExitDo}
        ${EndIf}
        IntOp $R0 $R0 + 1
    ${Loop}
    StrCpy $CommandLine '$CommandLine --login'
FunctionEnd

; The taskbar groups windows, and shows notifications, by this identity of the shortcut.
Function IdentifyShortcut
    !insertmacro ComHlpr_CreateInProcInstance ${CLSID_ShellLink} ${IID_IShellLink} r0 ""
    ${If} $0 P= 0
        Return
    ${EndIf}
    ${IUnknown::QueryInterface} $0 '("${IID_IPersistFile}",.r1)'
    ${If} $1 P<> 0
        ${IPersistFile::Load} $1 '("${SHORTCUT}",${STGM_READWRITE})'
        ${IUnknown::QueryInterface} $0 '("${IID_IPropertyStore}",.r2)'
        ${If} $2 P<> 0
            System::Call 'OLEAUT32::SysAllocString(w "${APP_ID}")p.r3'
            System::Call '*${SYSSTRUCT_PROPERTYKEY}(${PKEY_AppUserModel_ID})p.r4'
            System::Call '*${SYSSTRUCT_PROPVARIANT}(${VT_BSTR},,&i${NSIS_PTR_SIZE} $3)p.r5'
            ${IPropertyStore::SetValue} $2 '($4,$5)'
            ${IPropertyStore::Commit} $2 ""
            System::Call 'OLEAUT32::SysFreeString(p r3)'
            System::Free $4
            System::Free $5
            ${IUnknown::Release} $2 ""
            ${IPersistFile::Save} $1 '("${SHORTCUT}",1)'
        ${EndIf}
        ${IUnknown::Release} $1 ""
    ${EndIf}
    ${IUnknown::Release} $0 ""
FunctionEnd

; Removes exactly the older version's files: only its own uninstaller knows them.
Function RemoveOlderVersion
    ${IfNot} ${FileExists} "$INSTDIR\uninstall.exe"
        Return
    ${EndIf}
    ClearErrors
    ExecWait '"$INSTDIR\uninstall.exe" /S /UPGRADE _?=$INSTDIR' $R0
    ${If} ${Errors}
    ${OrIf} $R0 <> 0
        ${Fail} 2 "$(OldVersion)"
    ${EndIf}
FunctionEnd

Section "$(Program)" SecProgram
    SectionIn RO
    Call ClosePreheat
    Call RemoveOlderVersion
    ClearErrors
    !include "${INSTALL_FILES}"
    SetOutPath "$INSTDIR"
    WriteUninstaller "$INSTDIR\uninstall.exe"
    CreateShortcut "${SHORTCUT}" "$INSTDIR\${TRAY}"
    ${If} ${Errors}
        SetErrorLevel 2
        Abort
    ${EndIf}
    Call IdentifyShortcut

    WriteRegStr HKCU "${APP_PATHS}\${COMMAND}" "" "$INSTDIR\${COMMAND}"
    WriteRegStr HKCU "${APP_PATHS}\${TRAY}" "" "$INSTDIR\${TRAY}"

    WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayName" "${APP}"
    WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
    WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayIcon" "$INSTDIR\${TRAY}"
    WriteRegStr HKCU "${UNINSTALL_KEY}" "Publisher" "${PUBLISHER}"
    WriteRegStr HKCU "${UNINSTALL_KEY}" "URLInfoAbout" "${HOMEPAGE}"
    WriteRegStr HKCU "${UNINSTALL_KEY}" "HelpLink" "${ISSUES}"
    WriteRegStr HKCU "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
    WriteRegStr HKCU "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
    WriteRegStr HKCU "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
    WriteRegDWORD HKCU "${UNINSTALL_KEY}" "EstimatedSize" ${SIZE_KB}
    WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoModify" 1
    WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoRepair" 1
SectionEnd

Section /o "$(AtLogin)" SecAtLogin
    Call LoginCommandLine
    WriteRegStr HKCU "${RUN_KEY}" "${APP}" "$CommandLine"
    DeleteRegValue HKCU "${APPROVED_KEY}" "${APP}"
SectionEnd

Section "-Finish"
    ${IfNot} ${SectionIsSelected} ${SecAtLogin}
        DeleteRegValue HKCU "${RUN_KEY}" "${APP}"
        DeleteRegValue HKCU "${APPROVED_KEY}" "${APP}"
    ${EndIf}
    ; After an upgrade, the window's last page does not ask.
    ${If} $TrayWasRunning == 1
        Exec '"$INSTDIR\${TRAY}" --after-upgrade'
    ${EndIf}
    ClearErrors
SectionEnd

!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
    !insertmacro MUI_DESCRIPTION_TEXT ${SecProgram} "$(AboutProgram)"
    !insertmacro MUI_DESCRIPTION_TEXT ${SecAtLogin} "$(AboutAtLogin)"
!insertmacro MUI_FUNCTION_DESCRIPTION_END

Function .onInit
    ${IfNot} ${RunningX64}
    ${OrIfNot} ${AtLeastWin10}
        ${Fail} 3 "$(TooOld)"
    ${EndIf}
    StrCpy $TrayWasRunning 0
    ; An upgrade keeps the user's choice.
    ReadRegStr $R0 HKCU "${RUN_KEY}" "${APP}"
    ${If} $R0 != ""
        !insertmacro SelectSection ${SecAtLogin}
    ${EndIf}
    ${GetParameters} $R0
    ClearErrors
    ${GetOptions} $R0 "/LOGIN=" $R1
    ${IfNot} ${Errors}
        ${If} $R1 == 0
            !insertmacro UnselectSection ${SecAtLogin}
        ${Else}
            !insertmacro SelectSection ${SecAtLogin}
        ${EndIf}
    ${EndIf}
    ClearErrors
FunctionEnd

Var Upgrading
Var Purging

Function un.onInit
    ${GetParameters} $R0
    StrCpy $Upgrading 0
    StrCpy $Purging 0
    ClearErrors
    ${GetOptions} $R0 "/UPGRADE" $R1
    ${IfNot} ${Errors}
        StrCpy $Upgrading 1
    ${EndIf}
    ClearErrors
    ${GetOptions} $R0 "/PURGE" $R1
    ${IfNot} ${Errors}
        StrCpy $Purging 1
    ${EndIf}
    ClearErrors
FunctionEnd

Section "un.${APP}"
    ${If} $Upgrading == 0
        Call un.ClosePreheat
    ${EndIf}
    ClearErrors
    !include "${REMOVE_FILES}"
    ${If} ${Errors}
        SetErrorLevel 2
        Abort
    ${EndIf}
    !include "${REMOVE_FOLDERS}"
    ClearErrors
    ${If} $Upgrading == 1
        Return
    ${EndIf}
    Delete "$INSTDIR\uninstall.exe"
    RMDir "$INSTDIR"
    Delete "${SHORTCUT}"
    DeleteRegKey HKCU "${APP_PATHS}\${COMMAND}"
    DeleteRegKey HKCU "${APP_PATHS}\${TRAY}"
    DeleteRegKey HKCU "${UNINSTALL_KEY}"
    DeleteRegValue HKCU "${RUN_KEY}" "${APP}"
    DeleteRegValue HKCU "${APPROVED_KEY}" "${APP}"
    ${If} $Purging == 0
    ${AndIf} ${FileExists} "${USER_DATA}\*.*"
        MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON2 "$(Purge)" /SD IDNO IDNO kept
        StrCpy $Purging 1
        kept:
    ${EndIf}
    ${If} $Purging == 1
        ; Not RMDir /r, which would follow a junction to a folder of models elsewhere.
        nsExec::Exec '"$SYSDIR\cmd.exe" /d /c rd /s /q "${USER_DATA}"'
        Pop $R0
    ${EndIf}
    ClearErrors
SectionEnd
