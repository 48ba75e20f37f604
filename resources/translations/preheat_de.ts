<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name>AboutDialog</name>
    <message>
        <source>About Preheat</source>
        <translation>Über Preheat</translation>
    </message>
    <message>
        <source>Your models, ready before you ask.</source>
        <translation>Modelle, bereit vor der ersten Frage.</translation>
    </message>
    <message>
        <source>Licences</source>
        <translation>Lizenzen</translation>
    </message>
    <message>
        <source>&amp;Copy version</source>
        <translation>Version &amp;kopieren</translation>
    </message>
    <message>
        <source>Debian package</source>
        <translation>Debian-Paket</translation>
    </message>
    <message>
        <source>archive for Linux</source>
        <translation>Archiv für Linux</translation>
    </message>
    <message>
        <source>installer for Windows</source>
        <translation>Installationsprogramm für Windows</translation>
    </message>
    <message>
        <source>application for macOS</source>
        <translation>Programm für macOS</translation>
    </message>
    <message>
        <source>Python package</source>
        <translation>Python-Paket</translation>
    </message>
    <message>
        <source>source folder</source>
        <translation>Quellordner</translation>
    </message>
    <message>
        <source>Version {version}</source>
        <translation>Version {version}</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
    <message>
        <source>Contains</source>
        <translation>Enthält</translation>
    </message>
    <message>
        <source>Part</source>
        <translation>Teil</translation>
    </message>
    <message>
        <source>Version</source>
        <translation>Version</translation>
    </message>
    <message>
        <source>Licence</source>
        <translation>Lizenz</translation>
    </message>
</context>
<context>
    <name>Activity</name>
    <message>
        <source>Today</source>
        <translation>Heute</translation>
    </message>
    <message>
        <source>Yesterday</source>
        <translation>Gestern</translation>
    </message>
    <message>
        <source>Everything</source>
        <translation>Alles</translation>
    </message>
    <message>
        <source>Loaded</source>
        <translation>Geladen</translation>
    </message>
    <message>
        <source>Unloaded</source>
        <translation>Entladen</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <source>unknown</source>
        <translation>unbekannt</translation>
    </message>
    <message>
        <source>The model was ready.</source>
        <translation>Das Modell war bereit.</translation>
    </message>
    <message>
        <source>The model was already loading.</source>
        <translation>Das Modell wurde bereits geladen.</translation>
    </message>
    <message>
        <source>The model was not in memory: the request waited for its load.</source>
        <translation>Das Modell war nicht im Speicher: Die Anfrage wartete, bis es geladen war.</translation>
    </message>
</context>
<context>
    <name>ActivityPage</name>
    <message>
        <source>Loads</source>
        <translation>Ladevorgänge</translation>
    </message>
    <message>
        <source>Requests</source>
        <translation>Anfragen</translation>
    </message>
    <message>
        <source>What was loaded and unloaded, and why</source>
        <translation>Was geladen und entladen wurde, und warum</translation>
    </message>
    <message>
        <source>Activity</source>
        <translation>Aktivität</translation>
    </message>
    <message>
        <source>Your day</source>
        <translation>Tagesverlauf</translation>
    </message>
    <message>
        <source>When models were in memory, and which requests had to wait</source>
        <translation>Wann Modelle im Speicher waren und welche Anfragen warten mussten</translation>
    </message>
    <message>
        <source>What was asked, how fast it was, and what was reused</source>
        <translation>Was angefragt wurde, wie schnell es ging und was wiederverwendet wurde</translation>
    </message>
</context>
<context>
    <name>App</name>
    <message>
        <source>Preheat is already running, but does not respond.</source>
        <translation>Preheat läuft bereits, antwortet aber nicht.</translation>
    </message>
    <message>
        <source>End its process ({pid}), then start it again.</source>
        <translation>Den Prozess ({pid}) beenden, dann neu starten.</translation>
    </message>
</context>
<context>
    <name>BrokenFilesDialog</name>
    <message>
        <source>Files that can&apos;t be used</source>
        <translation>Unbrauchbare Dateien</translation>
    </message>
    <message>
        <source>downloaded by Preheat</source>
        <translation>von Preheat heruntergeladen</translation>
    </message>
    <message>
        <source>in Preheat&apos;s folder</source>
        <translation>in Preheats Ordner</translation>
    </message>
    <message>
        <source>Download &amp;again</source>
        <translation>Noch einmal &amp;herunterladen</translation>
    </message>
    <message>
        <source>Show in &amp;folder</source>
        <translation>Im &amp;Ordner zeigen</translation>
    </message>
    <message>
        <source>Move to &amp;trash</source>
        <translation>In den &amp;Papierkorb</translation>
    </message>
</context>
<context>
    <name>BrokenFilesRow</name>
    <message>
        <source>1 file can&apos;t be used</source>
        <translation>1 Datei ist unbrauchbar</translation>
    </message>
    <message>
        <source>{count} files can&apos;t be used</source>
        <translation>{count} Dateien sind unbrauchbar</translation>
    </message>
    <message>
        <source>&amp;Details</source>
        <translation>&amp;Details</translation>
    </message>
</context>
<context>
    <name>CardBrowser</name>
    <message>
        <source>Model card</source>
        <translation>Modellkarte</translation>
    </message>
</context>
<context>
    <name>CardView</name>
    <message>
        <source>One moment</source>
        <translation>Einen Moment</translation>
    </message>
    <message>
        <source>Preheat is asking for the model card.</source>
        <translation>Preheat fragt nach der Modellkarte.</translation>
    </message>
    <message>
        <source>No model card</source>
        <translation>Keine Modellkarte</translation>
    </message>
    <message>
        <source>The publisher has not described this model.</source>
        <translation>Zu diesem Modell gibt es keine Beschreibung.</translation>
    </message>
    <message>
        <source>The card is longer. The rest is on the model&apos;s page.</source>
        <translation>Die Karte ist länger. Der Rest steht auf der Webseite des Modells.</translation>
    </message>
    <message>
        <source>It appears here when Hugging Face can be reached.</source>
        <translation>Hier erscheint sie, sobald Hugging Face erreichbar ist.</translation>
    </message>
    <message>
        <source>The model card is not available</source>
        <translation>Die Modellkarte ist nicht verfügbar</translation>
    </message>
    <message>
        <source>Try a&amp;gain</source>
        <translation>E&amp;rneut versuchen</translation>
    </message>
</context>
<context>
    <name>Catalogue</name>
    <message>
        <source>Best for this computer</source>
        <translation>Am besten für diesen Rechner</translation>
    </message>
    <message>
        <source>Code</source>
        <translation>Code</translation>
    </message>
    <message>
        <source>Conversation</source>
        <translation>Gespräch</translation>
    </message>
    <message>
        <source>Recommended</source>
        <translation>Empfohlen</translation>
    </message>
    <message>
        <source>Search by meaning (embeddings)</source>
        <translation>Suche nach Bedeutung (Embeddings)</translation>
    </message>
    <message>
        <source>context length {tokens}</source>
        <translation>Kontextlänge {tokens}</translation>
    </message>
    <message>
        <source>Downloaded</source>
        <translation>Heruntergeladen</translation>
    </message>
    <message>
        <source>Downloading</source>
        <translation>Wird heruntergeladen</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>Licence must be accepted</source>
        <translation>Lizenz muss akzeptiert werden</translation>
    </message>
    <message>
        <source>Ranking of search results</source>
        <translation>Sortieren von Suchergebnissen</translation>
    </message>
    <message>
        <source>Small and fast</source>
        <translation>Klein und schnell</translation>
    </message>
    <message>
        <source>from {program}</source>
        <translation>von {program}</translation>
    </message>
    <message>
        <source>in one of your folders</source>
        <translation>in einem eigenen Ordner</translation>
    </message>
    <message>
        <source>included with Preheat</source>
        <translation>in Preheat enthalten</translation>
    </message>
    <message>
        <source>managed by {program}</source>
        <translation>von {program} verwaltet</translation>
    </message>
    <message>
        <source>part of the installed Preheat</source>
        <translation>Teil des installierten Preheat</translation>
    </message>
    <message>
        <source>understands images</source>
        <translation>versteht Bilder</translation>
    </message>
    <message>
        <source>uses about {size} of memory</source>
        <translation>braucht etwa {size} Speicher</translation>
    </message>
    <message>
        <source>{count} billion parameters</source>
        <translation>{count} Mrd. Parameter</translation>
    </message>
    <message>
        <source>{count} downloads</source>
        <translation>{count} Downloads</translation>
    </message>
    <message>
        <source>{count} files</source>
        <translation>{count} Dateien</translation>
    </message>
    <message>
        <source>{count} million parameters</source>
        <translation>{count} Mio. Parameter</translation>
    </message>
    <message>
        <source>{size} download</source>
        <translation>{size} Download</translation>
    </message>
    <message>
        <source>No connection to Hugging Face: sizes from the list of suggestions</source>
        <translation>Keine Verbindung zu Hugging Face: Größen aus der Liste der Vorschläge</translation>
    </message>
    <message>
        <source>chat</source>
        <translation>Chat</translation>
    </message>
    <message>
        <source>embeddings</source>
        <translation>Embeddings</translation>
    </message>
    <message>
        <source>images</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>ranking</source>
        <translation>Rangfolge</translation>
    </message>
    <message>
        <source>tools</source>
        <translation>Werkzeuge</translation>
    </message>
    <message>
        <source>updated {ago}</source>
        <translation>geändert {ago}</translation>
    </message>
    <message>
        <source>Hugging Face cannot be reached now. Check the network.</source>
        <translation>Hugging Face ist zurzeit nicht erreichbar. Netzwerk prüfen.</translation>
    </message>
    <message>
        <source>The licence must be accepted first: on the model&apos;s web page. Then sign in here.</source>
        <translation>Zuerst muss die Lizenz akzeptiert werden: auf der Webseite des Modells. Danach hier anmelden.</translation>
    </message>
    <message>
        <source>There is no such model on Hugging Face. Check the spelling; if it is private, sign in.</source>
        <translation>Auf Hugging Face gibt es kein solches Modell. Schreibweise prüfen; bei einem privaten anmelden.</translation>
    </message>
</context>
<context>
    <name>CatalogueModels</name>
    <message>
        <source>A clear step up from 8B for writing and reasoning, if there is memory for it.</source>
        <translation>Beim Schreiben und Schlussfolgern klar besser als 8B, wenn der Speicher reicht.</translation>
    </message>
    <message>
        <source>A dependable, widely used model for conversation and summaries.</source>
        <translation>Ein verlässliches, weit verbreitetes Modell für Gespräche und Zusammenfassungen.</translation>
    </message>
    <message>
        <source>A good all-round model that can think step by step before it answers.</source>
        <translation>Ein gutes Allround-Modell, das vor der Antwort Schritt für Schritt nachdenken kann.</translation>
    </message>
    <message>
        <source>A tiny model from Google that knows many languages.</source>
        <translation>Ein winziges Modell von Google, das viele Sprachen kann.</translation>
    </message>
    <message>
        <source>Among the most capable open models, for machines with 64 GB of memory or more.</source>
        <translation>Eines der fähigsten offenen Modelle, für Rechner mit mindestens 64 GB Speicher.</translation>
    </message>
    <message>
        <source>An older, light model that many tools were built around.</source>
        <translation>Ein älteres, leichtes Modell, auf das viele Werkzeuge zugeschnitten sind.</translation>
    </message>
    <message>
        <source>Answers at once, follows instructions well and reads long texts on an ordinary laptop.</source>
        <translation>Antwortet sofort, folgt Anweisungen gut und liest lange Texte auf einem normalen Laptop.</translation>
    </message>
    <message>
        <source>Answers in an instant, for simple tasks such as titles and tags.</source>
        <translation>Antwortet augenblicklich, für einfache Aufgaben wie Titel und Schlagwörter.</translation>
    </message>
    <message>
        <source>Careful with facts and figures, best for explanations and study.</source>
        <translation>Sorgfältig mit Fakten und Zahlen, am besten für Erklärungen und zum Lernen.</translation>
    </message>
    <message>
        <source>Completes code while you type, even on a slow machine.</source>
        <translation>Vervollständigt Code beim Tippen, auch auf einem langsamen Rechner.</translation>
    </message>
    <message>
        <source>Describes pictures and documents carefully, and writes well.</source>
        <translation>Beschreibt Bilder und Dokumente sorgfältig und schreibt gut.</translation>
    </message>
    <message>
        <source>Finds long passages by meaning in many languages, and code too.</source>
        <translation>Findet lange Textstellen nach Bedeutung in vielen Sprachen, auch Code.</translation>
    </message>
    <message>
        <source>For very old machines and for trying things out.</source>
        <translation>Für sehr alte Rechner und zum Ausprobieren.</translation>
    </message>
    <message>
        <source>Fully open, with its training data, and good at six European languages.</source>
        <translation>Ganz offen, samt Trainingsdaten, und gut in sechs europäischen Sprachen.</translation>
    </message>
    <message>
        <source>Handles larger changes to code than the 7B model does.</source>
        <translation>Bewältigt größere Änderungen am Code als das 7B-Modell.</translation>
    </message>
    <message>
        <source>Large in memory but quick, because it uses a tenth of itself for each word.</source>
        <translation>Groß im Speicher, aber schnell, weil es für jedes Wort nur ein Zehntel von sich nutzt.</translation>
    </message>
    <message>
        <source>Made for coding agents that read and change whole projects.</source>
        <translation>Für Programmier-Agenten, die ganze Projekte lesen und ändern.</translation>
    </message>
    <message>
        <source>Made for office work such as summaries, extraction and calling tools.</source>
        <translation>Für Büroarbeit wie Zusammenfassen, Herauslesen von Angaben und Aufrufen von Werkzeugen.</translation>
    </message>
    <message>
        <source>OpenAI&apos;s open model, which thinks before it answers and is quick for its size.</source>
        <translation>Das offene Modell von OpenAI, das vor der Antwort nachdenkt und für seine Größe schnell ist.</translation>
    </message>
    <message>
        <source>Orders long passages and code by how well they answer a question.</source>
        <translation>Ordnet lange Textstellen und Code danach, wie gut sie eine Frage beantworten.</translation>
    </message>
    <message>
        <source>Precise for short English texts.</source>
        <translation>Genau bei kurzen englischen Texten.</translation>
    </message>
    <message>
        <source>Puts search results in the right order, in many languages.</source>
        <translation>Bringt Suchergebnisse in die richtige Reihenfolge, in vielen Sprachen.</translation>
    </message>
    <message>
        <source>Quick and friendly, for short conversations and rewriting text.</source>
        <translation>Schnell und freundlich, für kurze Gespräche und zum Umschreiben von Texten.</translation>
    </message>
    <message>
        <source>Reads pictures and documents on a laptop; not for commercial use.</source>
        <translation>Liest Bilder und Dokumente auf einem Laptop; nicht für gewerbliche Nutzung.</translation>
    </message>
    <message>
        <source>Reads screenshots, tables and handwriting, and says where things are in a picture.</source>
        <translation>Liest Bildschirmfotos, Tabellen und Handschrift und sagt, wo etwas in einem Bild ist.</translation>
    </message>
    <message>
        <source>Reasons more reliably than the 8B model and needs twice the memory.</source>
        <translation>Folgert verlässlicher als das 8B-Modell und braucht doppelt so viel Speicher.</translation>
    </message>
    <message>
        <source>Searches long texts in many languages.</source>
        <translation>Durchsucht lange Texte in vielen Sprachen.</translation>
    </message>
    <message>
        <source>Searches texts in more than a hundred languages with little memory.</source>
        <translation>Durchsucht Texte in über hundert Sprachen mit wenig Speicher.</translation>
    </message>
    <message>
        <source>Sees pictures and reads many languages in little memory.</source>
        <translation>Sieht Bilder und liest viele Sprachen mit wenig Speicher.</translation>
    </message>
    <message>
        <source>Sees pictures, calls tools and writes well, for machines with 32 GB of memory.</source>
        <translation>Sieht Bilder, ruft Werkzeuge auf und schreibt gut, für Rechner mit 32 GB Speicher.</translation>
    </message>
    <message>
        <source>Small and quick, for rewriting and summarising short texts.</source>
        <translation>Klein und schnell, zum Umschreiben und Zusammenfassen kurzer Texte.</translation>
    </message>
    <message>
        <source>Small, with a talent for mathematics and logic.</source>
        <translation>Klein, mit Begabung für Mathematik und Logik.</translation>
    </message>
    <message>
        <source>Strong at reasoning and slow without a graphics card.</source>
        <translation>Stark im Schlussfolgern, ohne Grafikkarte langsam.</translation>
    </message>
    <message>
        <source>Summaries, extraction and tool calls on a machine with little memory.</source>
        <translation>Zusammenfassungen, Herauslesen von Angaben und Werkzeugaufrufe auf einem Rechner mit wenig Speicher.</translation>
    </message>
    <message>
        <source>The best choice for coding with 24 GB of memory or more, and quick for its size.</source>
        <translation>Die beste Wahl zum Programmieren ab 24 GB Speicher, und schnell für seine Größe.</translation>
    </message>
    <message>
        <source>The largest of its family, for pictures and long texts with 32 GB of memory.</source>
        <translation>Das größte seiner Familie, für Bilder und lange Texte mit 32 GB Speicher.</translation>
    </message>
    <message>
        <source>The most capable model under 2 GB, for older laptops.</source>
        <translation>Das fähigste Modell unter 2 GB, für ältere Laptops.</translation>
    </message>
    <message>
        <source>The smallest model that still writes sentences, good for tests.</source>
        <translation>Das kleinste Modell, das noch Sätze schreibt, gut zum Testen.</translation>
    </message>
    <message>
        <source>The usual choice for searching your own notes and documents in English.</source>
        <translation>Die übliche Wahl zum Durchsuchen eigener Notizen und Dokumente auf Englisch.</translation>
    </message>
    <message>
        <source>Thinks at length, which helps with mathematics and puzzles and takes time.</source>
        <translation>Denkt lange nach; das hilft bei Mathematik und Rätseln und kostet Zeit.</translation>
    </message>
    <message>
        <source>Thinks before it answers and still fits a laptop with little memory.</source>
        <translation>Denkt vor der Antwort nach und passt trotzdem auf einen Laptop mit wenig Speicher.</translation>
    </message>
    <message>
        <source>Tiny and immediate, for short English texts on any machine.</source>
        <translation>Winzig und sofort da, für kurze englische Texte auf jedem Rechner.</translation>
    </message>
    <message>
        <source>Writes and explains code well on an ordinary laptop.</source>
        <translation>Schreibt und erklärt Code gut auf einem normalen Laptop.</translation>
    </message>
    <message>
        <source>Writes well in many European and Asian languages.</source>
        <translation>Schreibt gut in vielen europäischen und asiatischen Sprachen.</translation>
    </message>
</context>
<context>
    <name>CatalogueSection</name>
    <message>
        <source>Good models for this computer</source>
        <translation>Gute Modelle für diesen Rechner</translation>
    </message>
    <message>
        <source>&amp;Other sizes…</source>
        <translation>&amp;Andere Größen…</translation>
    </message>
    <message>
        <source>&amp;Download</source>
        <translation>&amp;Herunterladen</translation>
    </message>
    <message>
        <source>Suggestions are not available</source>
        <translation>Vorschläge sind nicht verfügbar</translation>
    </message>
    <message>
        <source>&amp;Try again</source>
        <translation>E&amp;rneut versuchen</translation>
    </message>
    <message>
        <source>One moment</source>
        <translation>Einen Moment</translation>
    </message>
    <message>
        <source>Preheat is choosing models for this computer.</source>
        <translation>Preheat sucht Modelle für diesen Computer aus.</translation>
    </message>
    <message>
        <source>No suggestions for this task</source>
        <translation>Keine Vorschläge für diese Aufgabe</translation>
    </message>
    <message>
        <source>Use the search above.</source>
        <translation>Oben nach einem Modell suchen.</translation>
    </message>
    <message>
        <source>No model selected</source>
        <translation>Kein Modell gewählt</translation>
    </message>
    <message>
        <source>For this computer, with {size} of memory for models</source>
        <translation>Für diesen Computer, mit {size} Speicher für Modelle</translation>
    </message>
</context>
<context>
    <name>CloseGuard</name>
    <message>
        <source>Close Preheat</source>
        <translation>Preheat schließen</translation>
    </message>
    <message>
        <source>Keep Preheat running without a window?</source>
        <translation>Soll Preheat ohne Fenster weiterlaufen?</translation>
    </message>
    <message>
        <source>This desktop has no tray. While Preheat runs, models stay ready for other programs; start it again to get this window back.</source>
        <translation>Dieser Desktop hat keine Symbolleiste. Solange Preheat läuft, bleiben Modelle für andere Programme bereit; ein erneuter Start bringt dieses Fenster zurück.</translation>
    </message>
    <message>
        <source>&amp;Keep running</source>
        <translation>&amp;Weiterlaufen lassen</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>&amp;Beenden</translation>
    </message>
    <message>
        <source>&amp;Remember my answer</source>
        <translation>Antwort &amp;merken</translation>
    </message>
</context>
<context>
    <name>Connect</name>
    <message>
        <source>Add this to settings.json (command “zed: open settings”).</source>
        <translation>Dies in settings.json einfügen (Befehl „zed: open settings“).</translation>
    </message>
    <message>
        <source>Choose “OpenAI-compatible” or “custom OpenAI” as the provider, and enter:</source>
        <translation>Als Anbieter „OpenAI-compatible“ oder „custom OpenAI“ wählen und eintragen:</translation>
    </message>
    <message>
        <source>Enter the API key in the agent&apos;s settings, under Preheat:</source>
        <translation>Den API-Schlüssel in den Einstellungen des Agenten unter Preheat eintragen:</translation>
    </message>
    <message>
        <source>In Cline&apos;s settings, choose “OpenAI Compatible” as the API provider, and enter:</source>
        <translation>In den Einstellungen von Cline „OpenAI Compatible“ als API-Anbieter wählen und eintragen:</translation>
    </message>
    <message>
        <source>Add a credential of type OpenAI, and enter these values.</source>
        <translation>Zugangsdaten vom Typ OpenAI anlegen und diese Werte eintragen.</translation>
    </message>
    <message>
        <source>Add this to librechat.yaml, and restart LibreChat.</source>
        <translation>Dies in librechat.yaml einfügen und LibreChat neu starten.</translation>
    </message>
    <message>
        <source>Any app for Ollama</source>
        <translation>Jede App für Ollama</translation>
    </message>
    <message>
        <source>Any other app</source>
        <translation>Jede andere App</translation>
    </message>
    <message>
        <source>Choose Ollama as the provider, and enter:</source>
        <translation>Als Anbieter Ollama wählen und eintragen:</translation>
    </message>
    <message>
        <source>Enter these values; Open WebUI finds the models.</source>
        <translation>Diese Werte eintragen; Open WebUI findet die Modelle.</translation>
    </message>
    <message>
        <source>In Preheat&apos;s settings, under Access, allow the app “Obsidian”.</source>
        <translation>In den Einstellungen von Preheat unter „Zugriff“ die App „Obsidian“ erlauben.</translation>
    </message>
    <message>
        <source>In a container, start it with --network=host; otherwise this address is the container&apos;s own.</source>
        <translation>In einem Container: mit --network=host starten, sonst meint diese Adresse den Container selbst.</translation>
    </message>
    <message>
        <source>In a container, use the host&apos;s network; otherwise this address is the container&apos;s own.</source>
        <translation>In einem Container: das Netzwerk des Hosts verwenden, sonst meint diese Adresse den Container selbst.</translation>
    </message>
    <message>
        <source>In the node “OpenAI Chat Model”, choose the credential and the model.</source>
        <translation>Im Knoten „OpenAI Chat Model“ die Zugangsdaten und das Modell wählen.</translation>
    </message>
    <message>
        <source>In the plugin&apos;s settings, for example Copilot&apos;s, add a model of the provider “OpenAI format”, and enter:</source>
        <translation>In den Einstellungen des Plugins, zum Beispiel von Copilot, ein Modell des Anbieters „OpenAI format“ hinzufügen und eintragen:</translation>
    </message>
    <message>
        <source>Open Admin Panel → Settings → Connections, and add a connection under OpenAI API.</source>
        <translation>Admin Panel → Settings → Connections öffnen und unter OpenAI API eine Verbindung hinzufügen.</translation>
    </message>
    <message>
        <source>Open Continue&apos;s config.yaml, and add this under models:</source>
        <translation>Die config.yaml von Continue öffnen und dies unter models einfügen:</translation>
    </message>
    <message>
        <source>Put this into ~/.codex/config.toml.</source>
        <translation>Dies in ~/.codex/config.toml einfügen.</translation>
    </message>
    <message>
        <source>The package: npm install openai</source>
        <translation>Das Paket: npm install openai</translation>
    </message>
    <message>
        <source>The package: pip install openai</source>
        <translation>Das Paket: pip install openai</translation>
    </message>
</context>
<context>
    <name>ConnectPage</name>
    <message>
        <source>&amp;Copy</source>
        <translation>&amp;Kopieren</translation>
    </message>
    <message>
        <source>C&amp;opy</source>
        <translation>K&amp;opieren</translation>
    </message>
    <message>
        <source>S&amp;how</source>
        <translation>&amp;Zeigen</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>API key</source>
        <translation>API-Schlüssel</translation>
    </message>
    <message>
        <source>Connect</source>
        <translation>Verbinden</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>&amp;Hide</source>
        <translation>Ver&amp;bergen</translation>
    </message>
    <message>
        <source>Needed: make one with “preheat keys add NAME”.</source>
        <translation>Nötig: einen mit „preheat keys add NAME“ anlegen.</translation>
    </message>
    <message>
        <source>Show the API key</source>
        <translation>API-Schlüssel anzeigen</translation>
    </message>
    <message>
        <source>Apps</source>
        <translation>Apps</translation>
    </message>
    <message>
        <source>Not needed: only apps on this computer can connect.</source>
        <translation>Nicht nötig: Nur Apps auf diesem Computer können sich verbinden.</translation>
    </message>
    <message>
        <source>Other apps can&apos;t connect</source>
        <translation>Andere Apps können sich nicht verbinden</translation>
    </message>
    <message>
        <source>&amp;Start it again</source>
        <translation>Neu star&amp;ten</translation>
    </message>
    <message>
        <source>Open &amp;settings</source>
        <translation>Einstellun&amp;gen öffnen</translation>
    </message>
    <message>
        <source>One moment</source>
        <translation>Einen Moment</translation>
    </message>
    <message>
        <source>Preheat is opening its port.</source>
        <translation>Preheat öffnet seinen Port.</translation>
    </message>
    <message>
        <source>&amp;Try again</source>
        <translation>&amp;Erneut versuchen</translation>
    </message>
</context>
<context>
    <name>ConnectionLine</name>
    <message>
        <source>&amp;Try again</source>
        <translation>E&amp;rneut versuchen</translation>
    </message>
    <message>
        <source>Hide this note</source>
        <translation>Hinweis ausblenden</translation>
    </message>
    <message>
        <source>Hugging Face is switched off by HF_HUB_OFFLINE. Suggestions work without it.</source>
        <translation>Hugging Face ist durch HF_HUB_OFFLINE abgeschaltet. Vorschläge gibt es trotzdem.</translation>
    </message>
    <message>
        <source>No connection to Hugging Face. Suggestions work without it.</source>
        <translation>Keine Verbindung zu Hugging Face. Vorschläge gibt es trotzdem.</translation>
    </message>
</context>
<context>
    <name>ContextBar</name>
    <message>
        <source>Tokens of this conversation in the model&apos;s context. When it is full, answers are cut off: start a new conversation, or raise the context length in the model&apos;s settings.</source>
        <translation>Token dieses Gesprächs im Kontext des Modells. Ist er voll, werden Antworten abgeschnitten: ein neues Gespräch beginnen oder die Kontextlänge in den Einstellungen des Modells erhöhen.</translation>
    </message>
    <message>
        <source>{used} of {length} tokens of context</source>
        <translation>{used} von {length} Token des Kontexts</translation>
    </message>
</context>
<context>
    <name>ConversationMenu</name>
    <message>
        <source>More</source>
        <translation>Mehr</translation>
    </message>
    <message>
        <source>Copy, export, earlier conversations</source>
        <translation>Kopieren, exportieren, frühere Gespräche</translation>
    </message>
    <message>
        <source>&amp;Copy the conversation</source>
        <translation>Gespräch &amp;kopieren</translation>
    </message>
    <message>
        <source>Export as &amp;Markdown…</source>
        <translation>Als &amp;Markdown exportieren …</translation>
    </message>
    <message>
        <source>Export as &amp;JSON…</source>
        <translation>Als &amp;JSON exportieren …</translation>
    </message>
    <message>
        <source>&amp;Keep conversations on this computer</source>
        <translation>Gespräche auf diesem Computer &amp;behalten</translation>
    </message>
    <message>
        <source>They are kept as files that only you can read. Without this, nothing is saved.</source>
        <translation>Aufbewahrt werden sie in Dateien, die nur das eigene Benutzerkonto lesen kann. Sonst wird nichts gespeichert.</translation>
    </message>
    <message>
        <source>&amp;Earlier conversations</source>
        <translation>&amp;Frühere Gespräche</translation>
    </message>
    <message>
        <source>&amp;Delete kept conversations…</source>
        <translation>Aufbewahrte Gespräche &amp;löschen …</translation>
    </message>
    <message>
        <source>Delete all kept conversations?</source>
        <translation>Alle aufbewahrten Gespräche löschen?</translation>
    </message>
    <message>
        <source>The conversation on this page stays until it is closed.</source>
        <translation>Das Gespräch auf dieser Seite bleibt, bis es geschlossen wird.</translation>
    </message>
    <message>
        <source>&amp;Delete</source>
        <translation>&amp;Löschen</translation>
    </message>
    <message>
        <source>Ke&amp;ep</source>
        <translation>&amp;Behalten</translation>
    </message>
    <message>
        <source>Export the conversation</source>
        <translation>Gespräch exportieren</translation>
    </message>
</context>
<context>
    <name>CopyButton</name>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
</context>
<context>
    <name>DashboardWindow</name>
    <message>
        <source>Preheat</source>
        <translation>Preheat</translation>
    </message>
    <message>
        <source>&amp;Settings…</source>
        <translation>&amp;Einstellungen…</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Change Preheat&apos;s settings (Ctrl+,)</source>
        <translation>Einstellungen von Preheat ändern (Strg+,)</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Hilfe</translation>
    </message>
    <message>
        <source>Help</source>
        <translation>Hilfe</translation>
    </message>
    <message>
        <source>Documentation, keys, report a problem (F1)</source>
        <translation>Dokumentation, Tasten, ein Problem melden (F1)</translation>
    </message>
</context>
<context>
    <name>Day</name>
    <message>
        <source>Now</source>
        <translation>Jetzt</translation>
    </message>
    <message>
        <source>{ready} of {count} requests found it ready.</source>
        <translation>{ready} von {count} Anfragen fanden es bereit.</translation>
    </message>
    <message>
        <source>No requests.</source>
        <translation>Keine Anfragen.</translation>
    </message>
    <message>
        <source>No requests in the last 24 hours.</source>
        <translation>Keine Anfragen in den letzten 24 Stunden.</translation>
    </message>
    <message>
        <source>{ready} of {count} requests found their model ready ({rate}).</source>
        <translation>{ready} von {count} Anfragen fanden ihr Modell bereit ({rate}).</translation>
    </message>
    <message>
        <source>Waiting for models: {duration} in all.</source>
        <translation>Warten auf Modelle: insgesamt {duration}.</translation>
    </message>
    <message>
        <source>Nothing will be preloaded: {why}</source>
        <translation>Nichts wird vorgeladen: {why}</translation>
    </message>
    <message>
        <source>{span}: {count} requests, the model was ready.</source>
        <translation>{span}: {count} Anfragen, das Modell war bereit.</translation>
    </message>
    <message>
        <source>{span}: {count} requests, {waits} of them would have waited.</source>
        <translation>{span}: {count} Anfragen, {waits} davon hätten gewartet.</translation>
    </message>
    <message>
        <source>{span}: {count} requests, {waits} of them waited {duration} in all.</source>
        <translation>{span}: {count} Anfragen, {waits} davon warteten insgesamt {duration}.</translation>
    </message>
    <message>
        <source>{time}, {app}: waited {duration}; with this limit, the model would have been ready.</source>
        <translation>{time}, {app}: {duration} gewartet; mit dieser Grenze wäre das Modell bereit gewesen.</translation>
    </message>
    <message>
        <source>{time}, {app}: the model was ready; with this limit, it would have had to load.</source>
        <translation>{time}, {app}: Das Modell war bereit; mit dieser Grenze hätte es erst geladen werden müssen.</translation>
    </message>
    <message>
        <source>{time}, {app}: the model was ready.</source>
        <translation>{time}, {app}: Das Modell war bereit.</translation>
    </message>
    <message>
        <source>{time}, {app}: waited {duration}, because the model was not in memory.</source>
        <translation>{time}, {app}: {duration} gewartet, weil das Modell nicht im Speicher war.</translation>
    </message>
    <message>
        <source>In memory from {begin} to {end}.</source>
        <translation>Im Speicher von {begin} bis {end}.</translation>
    </message>
    <message>
        <source>Stays in memory unless another model needs the room.</source>
        <translation>Bleibt im Speicher, außer ein anderes Modell braucht den Platz.</translation>
    </message>
    <message>
        <source>Leaves at {time}.</source>
        <translation>Wird um {time} entladen.</translation>
    </message>
    <message>
        <source>Loads at {time}: {why}</source>
        <translation>Wird um {time} geladen: {why}</translation>
    </message>
    <message>
        <source>Loads at {time}, before you usually start at {usual}: {why}</source>
        <translation>Wird um {time} geladen, vor dem üblichen Beginn um {usual}: {why}</translation>
    </message>
</context>
<context>
    <name>DayPane</name>
    <message>
        <source>When models were in memory, and which requests found them ready, will appear here.</source>
        <translation>Hier erscheint, wann Modelle im Speicher waren und welche Anfragen sie bereit fanden.</translation>
    </message>
    <message>
        <source>Nothing yet</source>
        <translation>Noch nichts</translation>
    </message>
</context>
<context>
    <name>DecisionsView</name>
    <message>
        <source>Loads and unloads, with reasons</source>
        <translation>Was geladen und entladen wurde, mit Gründen</translation>
    </message>
</context>
<context>
    <name>DeviceBands</name>
    <message>
        <source>Memory of devices</source>
        <translation>Speicher der Geräte</translation>
    </message>
</context>
<context>
    <name>Devices</name>
    <message>
        <source>Accelerator</source>
        <translation>Beschleuniger</translation>
    </message>
    <message>
        <source>Graphics card</source>
        <translation>Grafikkarte</translation>
    </message>
    <message>
        <source>In use</source>
        <translation>In Gebrauch</translation>
    </message>
    <message>
        <source>Integrated graphics</source>
        <translation>Integrierte Grafik</translation>
    </message>
    <message>
        <source>Not used</source>
        <translation>Nicht genutzt</translation>
    </message>
    <message>
        <source>Software</source>
        <translation>Software</translation>
    </message>
    <message>
        <source>{gain}x</source>
        <translation>{gain}x</translation>
    </message>
</context>
<context>
    <name>DevicesRow</name>
    <message>
        <source>Devices found</source>
        <translation>Gefundene Geräte</translation>
    </message>
    <message>
        <source>Models take {taken}</source>
        <translation>Modelle belegen {taken}</translation>
    </message>
    <message>
        <source>None</source>
        <translation>Keine</translation>
    </message>
    <message>
        <source>Measured speeds</source>
        <translation>Gemessene Geschwindigkeiten</translation>
    </message>
    <message>
        <source>Measured, in tokens per second here / on the processor</source>
        <translation>Gemessen, in Token pro Sekunde hier / auf dem Prozessor</translation>
    </message>
    <message>
        <source>Models of this shape</source>
        <translation>Modelle dieser Form</translation>
    </message>
    <message>
        <source>Gain</source>
        <translation>Gewinn</translation>
    </message>
    <message>
        <source>Prompt</source>
        <translation>Prompt</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>Antwort</translation>
    </message>
    <message>
        <source>{count} more: preheat devices</source>
        <translation>{count} weitere: preheat devices</translation>
    </message>
</context>
<context>
    <name>DiagnosticsButton</name>
    <message>
        <source>Save the log, the settings and a check of this installation for a report of a problem</source>
        <translation>Protokoll, Einstellungen und eine Prüfung dieser Installation für eine Fehlermeldung speichern</translation>
    </message>
    <message>
        <source>Checking…</source>
        <translation>Wird geprüft…</translation>
    </message>
    <message>
        <source>Save &amp;diagnostics…</source>
        <translation>&amp;Diagnose…</translation>
    </message>
    <message>
        <source>Save diagnostics</source>
        <translation>Diagnose speichern</translation>
    </message>
    <message>
        <source>Zip files (*.zip)</source>
        <translation>Zip-Dateien (*.zip)</translation>
    </message>
    <message>
        <source>The diagnostics are in {file}</source>
        <translation>Die Diagnose steht in {file}</translation>
    </message>
    <message>
        <source>&amp;Show file</source>
        <translation>Datei &amp;zeigen</translation>
    </message>
    <message>
        <source>&amp;Close</source>
        <translation>&amp;Schließen</translation>
    </message>
    <message>
        <source>Keys, the names of you and this computer, and texts of apps were removed. Look at the file before you send it to anyone.

It contains: {names}.</source>
        <translation>Schlüssel, die Namen von Benutzer und Computer sowie Texte von Apps wurden entfernt. Die Datei vor dem Weitergeben ansehen.

Inhalt: {names}.</translation>
    </message>
</context>
<context>
    <name>DownloadRow</name>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>Remove from this list</source>
        <translation>Aus dieser Liste entfernen</translation>
    </message>
    <message>
        <source>Cancel the download of {name}?</source>
        <translation>Den Download von {name} abbrechen?</translation>
    </message>
    <message>
        <source>{size} are downloaded and will be deleted. Pause to keep them.</source>
        <translation>{size} sind heruntergeladen und werden gelöscht. Mit „Pause“ bleiben sie erhalten.</translation>
    </message>
    <message>
        <source>&amp;Cancel download</source>
        <translation>Download &amp;abbrechen</translation>
    </message>
    <message>
        <source>&amp;Keep</source>
        <translation>&amp;Behalten</translation>
    </message>
    <message>
        <source>Try a&amp;gain</source>
        <translation>Erneut versu&amp;chen</translation>
    </message>
    <message>
        <source>&amp;Try it</source>
        <translation>Aus&amp;probieren</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Progress of {name}</source>
        <translation>Fortschritt von {name}</translation>
    </message>
    <message>
        <source>Keep it ready whenever it fits</source>
        <translation>Bereithalten, wann immer es passt</translation>
    </message>
    <message>
        <source>{what}: {name}</source>
        <translation>{what}: {name}</translation>
    </message>
</context>
<context>
    <name>Downloads</name>
    <message>
        <source>Downloaded</source>
        <translation>Heruntergeladen</translation>
    </message>
    <message>
        <source>Downloading</source>
        <translation>Wird heruntergeladen</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Pausiert</translation>
    </message>
    <message>
        <source>Queued</source>
        <translation>In der Warteschlange</translation>
    </message>
    <message>
        <source>Ready to use</source>
        <translation>Einsatzbereit</translation>
    </message>
    <message>
        <source>Verifying</source>
        <translation>Wird geprüft</translation>
    </message>
    <message>
        <source>Waiting for disk space</source>
        <translation>Wartet auf Speicherplatz</translation>
    </message>
    <message>
        <source>see the log.</source>
        <translation>siehe Protokoll.</translation>
    </message>
    <message>
        <source>about {duration}</source>
        <translation>noch etwa {duration}</translation>
    </message>
    <message>
        <source>{done} of {total}</source>
        <translation>{done} von {total}</translation>
    </message>
    <message>
        <source>{size} {unit}/s</source>
        <translation>{size} {unit}/s</translation>
    </message>
    <message>
        <source>{state}: {reason}</source>
        <translation>{state}: {reason}</translation>
    </message>
    <message>
        <source>Waiting for the connection; the download continues by itself.</source>
        <translation>Wartet auf die Verbindung; der Download geht von selbst weiter.</translation>
    </message>
</context>
<context>
    <name>DownloadsPage</name>
    <message>
        <source>Words of a model&apos;s name, its address, or its Ollama name (Ctrl+F)</source>
        <translation>Wörter aus dem Namen eines Modells, seine Adresse oder sein Name bei Ollama (Strg+F)</translation>
    </message>
    <message>
        <source>Task</source>
        <translation>Aufgabe</translation>
    </message>
    <message>
        <source>All tasks</source>
        <translation>Alle Aufgaben</translation>
    </message>
    <message>
        <source>&amp;Add a file…</source>
        <translation>&amp;Datei hinzufügen…</translation>
    </message>
    <message>
        <source>Add a GGUF file from this computer, or drop it here</source>
        <translation>Eine GGUF-Datei von diesem Computer hinzufügen oder hier ablegen</translation>
    </message>
    <message>
        <source>Downloads</source>
        <translation>Downloads</translation>
    </message>
    <message>
        <source>Search Hugging Face, or paste a model name</source>
        <translation>Auf Hugging Face suchen oder einen Modellnamen einfügen</translation>
    </message>
    <message>
        <source>&amp;Hugging Face account…</source>
        <translation>Hugging-Face-&amp;Konto…</translation>
    </message>
    <message>
        <source>Sign in for models whose licence must be accepted</source>
        <translation>Anmelden für Modelle, deren Lizenz akzeptiert werden muss</translation>
    </message>
</context>
<context>
    <name>DownloadsQueue</name>
    <message>
        <source>Downloads</source>
        <translation>Downloads</translation>
    </message>
    <message>
        <source>{waiting} more queued, {done} more finished</source>
        <translation>{waiting} weitere in der Warteschlange, {done} weitere fertig</translation>
    </message>
</context>
<context>
    <name>DropOverlay</name>
    <message>
        <source>Drop to add</source>
        <translation>Zum Hinzufügen ablegen</translation>
    </message>
</context>
<context>
    <name>EndedTable</name>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>When the request arrived.</source>
        <translation>Wann die Anfrage ankam.</translation>
    </message>
    <message>
        <source>App</source>
        <translation>App</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Tokens of the prompt that were not computed again; where they came from, or why not more.</source>
        <translation>Token des Prompts, die nicht neu berechnet wurden; woher sie kamen oder warum es nicht mehr sind.</translation>
    </message>
    <message>
        <source>Reused</source>
        <translation>Wiederverwendet</translation>
    </message>
    <message>
        <source>First word</source>
        <translation>Erstes Wort</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>Antwort</translation>
    </message>
    <message>
        <source>Tokens of the answer.</source>
        <translation>Token der Antwort.</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>Wartezeit</translation>
    </message>
    <message>
        <source>Time until the model was ready.</source>
        <translation>Zeit, bis das Modell bereit war.</translation>
    </message>
    <message>
        <source>Time until the first token of the answer, with the wait for the model.</source>
        <translation>Zeit bis zum ersten Token der Antwort, mit dem Warten auf das Modell.</translation>
    </message>
    <message>
        <source>Tokens/s</source>
        <translation>Token/s</translation>
    </message>
    <message>
        <source>Speed of the answer after its first token.</source>
        <translation>Tempo der Antwort nach ihrem ersten Token.</translation>
    </message>
</context>
<context>
    <name>EndedView</name>
    <message>
        <source>Requests that have ended</source>
        <translation>Beendete Anfragen</translation>
    </message>
</context>
<context>
    <name>ErrorDialog</name>
    <message>
        <source>Unexpected error</source>
        <translation>Unerwarteter Fehler</translation>
    </message>
    <message>
        <source>Preheat ran into an unexpected error and keeps running.
Include these details when you report it. They contain no prompts, answers or keys.</source>
        <translation>In Preheat ist ein unerwarteter Fehler aufgetreten; das Programm läuft weiter.
Diese Einzelheiten helfen bei einer Meldung. Sie enthalten keine Prompts, Antworten oder Schlüssel.</translation>
    </message>
    <message>
        <source>Details of the error</source>
        <translation>Einzelheiten des Fehlers</translation>
    </message>
    <message>
        <source>&amp;Copy details</source>
        <translation>Einzelheiten &amp;kopieren</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
</context>
<context>
    <name>FieldRow</name>
    <message>
        <source>Reset to {default}</source>
        <translation>Zurücksetzen auf {default}</translation>
    </message>
    <message>
        <source>Reset</source>
        <translation>Zurücksetzen</translation>
    </message>
</context>
<context>
    <name>Figures</name>
    <message>
        <source>just now</source>
        <translation>soeben</translation>
    </message>
    <message>
        <source>{duration} ago</source>
        <translation>vor {duration}</translation>
    </message>
    <message>
        <source>{count} d</source>
        <translation>{count} Tg.</translation>
    </message>
</context>
<context>
    <name>FolderChange</name>
    <message>
        <source>{count} other files stay where they are, such as {name}.</source>
        <translation>{count} andere Dateien bleiben am alten Ort, zum Beispiel {name}.</translation>
    </message>
    <message>
        <source>Move Preheat&apos;s models to the new folder?</source>
        <translation>Die Modelle von Preheat in den neuen Ordner verschieben?</translation>
    </message>
    <message>
        <source>&amp;Move them</source>
        <translation>&amp;Verschieben</translation>
    </message>
    <message>
        <source>&amp;Leave them</source>
        <translation>&amp;Nicht verschieben</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>1 file</source>
        <translation>1 Datei</translation>
    </message>
    <message>
        <source>{count} files</source>
        <translation>{count} Dateien</translation>
    </message>
    <message>
        <source>From {old}
to {new}
{files}, {size}</source>
        <translation>Von {old}
nach {new}
{files}, {size}</translation>
    </message>
    <message>
        <source>Another file stays where it is: {name}.</source>
        <translation>Eine andere Datei bleibt am alten Ort: {name}.</translation>
    </message>
</context>
<context>
    <name>FoundModels</name>
    <message>
        <source>A star keeps a model ready. Without one, a model is loaded when an app asks for it.</source>
        <translation>Ein Stern hält ein Modell bereit. Ohne Stern wird es geladen, wenn ein Programm es anfragt.</translation>
    </message>
    <message>
        <source>1 model chosen: {size} of {limit}</source>
        <translation>1 Modell gewählt: {size} von {limit}</translation>
    </message>
    <message>
        <source>{count} models chosen: {size} of {limit}</source>
        <translation>{count} Modelle gewählt: {size} von {limit}</translation>
    </message>
</context>
<context>
    <name>GuideView</name>
    <message>
        <source>Co&amp;py</source>
        <translation>Kopie&amp;ren</translation>
    </message>
    <message>
        <source>Code for {app}</source>
        <translation>Code für {app}</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Copy {name}</source>
        <translation>{name} kopieren</translation>
    </message>
</context>
<context>
    <name>Hearth</name>
    <message>
        <source>Memory</source>
        <translation>Arbeitsspeicher</translation>
    </message>
    <message>
        <source>Memory limit</source>
        <translation>Speichergrenze</translation>
    </message>
    <message>
        <source>Drag to change the memory limit</source>
        <translation>Ziehen, um die Speichergrenze zu ändern</translation>
    </message>
    <message>
        <source>An app</source>
        <translation>Ein Programm</translation>
    </message>
    <message>
        <source>Computed prompts, for apps that send them again. They make room for models.</source>
        <translation>Berechnete Prompts für Programme, die sie wieder senden; für Modelle machen sie Platz.</translation>
    </message>
    <message>
        <source>Favourites without room</source>
        <translation>Favoriten, für die kein Platz ist</translation>
    </message>
    <message>
        <source>Kept prompts</source>
        <translation>Gespeicherte Prompts</translation>
    </message>
    <message>
        <source>Needs {size} more</source>
        <translation>Braucht {size} mehr</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>Als Nächstes</translation>
    </message>
    <message>
        <source>No room</source>
        <translation>Kein Platz</translation>
    </message>
    <message>
        <source>Prompts</source>
        <translation>Prompts</translation>
    </message>
    <message>
        <source>Would be loaded</source>
        <translation>Würde geladen</translation>
    </message>
    <message>
        <source>Would be unloaded</source>
        <translation>Würde entladen</translation>
    </message>
    <message>
        <source>favourite</source>
        <translation>Favorit</translation>
    </message>
    <message>
        <source>tokens/s</source>
        <translation>Token/s</translation>
    </message>
    <message>
        <source>{count} more</source>
        <translation>{count} weitere</translation>
    </message>
    <message>
        <source>{size} reserved for loaded models</source>
        <translation>{size} für geladene Modelle reserviert</translation>
    </message>
    <message>
        <source>{size} still available</source>
        <translation>noch {size} verfügbar</translation>
    </message>
    <message>
        <source>{size} used</source>
        <translation>{size} belegt</translation>
    </message>
    <message>
        <source>{speed} tokens/s</source>
        <translation>{speed} Token/s</translation>
    </message>
</context>
<context>
    <name>HearthCard</name>
    <message>
        <source>Memory</source>
        <translation>Arbeitsspeicher</translation>
    </message>
    <message>
        <source>The engine has stopped</source>
        <translation>Die Engine läuft nicht mehr</translation>
    </message>
    <message>
        <source>&amp;Start again</source>
        <translation>&amp;Neu starten</translation>
    </message>
    <message>
        <source>Download a model, or drop GGUF files here.</source>
        <translation>Ein Modell herunterladen oder GGUF-Dateien hier ablegen.</translation>
    </message>
    <message>
        <source>No models yet</source>
        <translation>Noch keine Modelle</translation>
    </message>
    <message>
        <source>&amp;Download a model</source>
        <translation>Modell &amp;herunterladen</translation>
    </message>
    <message>
        <source>One moment</source>
        <translation>Einen Moment</translation>
    </message>
    <message>
        <source>Preheat is looking for models.</source>
        <translation>Preheat sucht nach Modellen.</translation>
    </message>
    <message>
        <source>&amp;Resume</source>
        <translation>&amp;Fortsetzen</translation>
    </message>
    <message>
        <source>&amp;Load them again now</source>
        <translation>Jetzt wieder &amp;laden</translation>
    </message>
    <message>
        <source>S&amp;witch on</source>
        <translation>&amp;Einschalten</translation>
    </message>
    <message>
        <source>&amp;Raise the limit</source>
        <translation>&amp;Grenze anheben</translation>
    </message>
    <message>
        <source>&amp;Choose models</source>
        <translation>&amp;Modelle wählen</translation>
    </message>
    <message>
        <source>&amp;Unload</source>
        <translation>E&amp;ntladen</translation>
    </message>
    <message>
        <source>&amp;Cancel load</source>
        <translation>Laden &amp;abbrechen</translation>
    </message>
    <message>
        <source>&amp;Load</source>
        <translation>&amp;Laden</translation>
    </message>
    <message>
        <source>&amp;Favourite: always ready</source>
        <translation>&amp;Favorit: immer bereit</translation>
    </message>
    <message>
        <source>&amp;Raise the limit to {limit}</source>
        <translation>Grenze auf {limit} &amp;anheben</translation>
    </message>
    <message>
        <source>&amp;Why?</source>
        <translation>&amp;Warum?</translation>
    </message>
    <message>
        <source>&amp;Show in Models</source>
        <translation>Unter „Modelle“ &amp;zeigen</translation>
    </message>
    <message>
        <source>{model}: {why}</source>
        <translation>{model}: {why}</translation>
    </message>
</context>
<context>
    <name>HelpDialog</name>
    <message>
        <source>Help</source>
        <translation>Hilfe</translation>
    </message>
    <message>
        <source>A&amp;bout Preheat</source>
        <translation>Ü&amp;ber Preheat</translation>
    </message>
    <message>
        <source>&amp;Close</source>
        <translation>&amp;Schließen</translation>
    </message>
    <message>
        <source>How to get models, connect apps, save memory, and solve problems.</source>
        <translation>Wie man Modelle bekommt, Apps verbindet, Speicher spart und Probleme löst.</translation>
    </message>
    <message>
        <source>&amp;Documentation</source>
        <translation>&amp;Dokumentation</translation>
    </message>
    <message>
        <source>&amp;API reference</source>
        <translation>&amp;API-Referenz</translation>
    </message>
    <message>
        <source>The endpoints of this Preheat, in the browser; works without internet</source>
        <translation>Die Endpunkte dieses Preheat, im Browser; auch ohne Internet</translation>
    </message>
    <message>
        <source>Documentation</source>
        <translation>Dokumentation</translation>
    </message>
    <message>
        <source>Save the diagnostics, describe what happened, and attach the file. It leaves out keys, names and texts of apps.</source>
        <translation>Die Diagnose speichern, beschreiben, was passiert ist, und die Datei anhängen. Schlüssel, Namen und Texte von Apps stehen nicht darin.</translation>
    </message>
    <message>
        <source>&amp;Report a problem</source>
        <translation>Problem &amp;melden</translation>
    </message>
    <message>
        <source>Report a problem</source>
        <translation>Problem melden</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
</context>
<context>
    <name>HitRateCard</name>
    <message>
        <source>Ready when asked</source>
        <translation>Bereit bei Anfrage</translation>
    </message>
    <message>
        <source>Preload hit rate over time</source>
        <translation>Trefferquote des Vorladens im Zeitverlauf</translation>
    </message>
    <message>
        <source>no requests today</source>
        <translation>heute keine Anfragen</translation>
    </message>
    <message>
        <source>no requests in 7 days</source>
        <translation>in 7 Tagen keine Anfragen</translation>
    </message>
    <message>
        <source>no requests in 90 days</source>
        <translation>in 90 Tagen keine Anfragen</translation>
    </message>
    <message>
        <source>No requests in this period.</source>
        <translation>Keine Anfragen in diesem Zeitraum.</translation>
    </message>
    <message>
        <source>{hits} of {requests} requests</source>
        <translation>{hits} von {requests} Anfragen</translation>
    </message>
    <message>
        <source>The preload hit rate: the share of requests that found their model ready. The others waited for a load.</source>
        <translation>Die Preload-Trefferquote: der Anteil der Anfragen, deren Modell bei ihrer Ankunft bereit war. Die anderen mussten auf das Laden warten.</translation>
    </message>
    <message>
        <source>Your hit rate appears after the first requests.</source>
        <translation>Die Trefferquote erscheint nach den ersten Anfragen.</translation>
    </message>
</context>
<context>
    <name>HubAccountDialog</name>
    <message>
        <source>Hugging Face account</source>
        <translation>Hugging-Face-Konto</translation>
    </message>
    <message>
        <source>One moment</source>
        <translation>Einen Moment</translation>
    </message>
    <message>
        <source>Access token</source>
        <translation>Zugriffstoken</translation>
    </message>
    <message>
        <source>Paste an access token: hf_…</source>
        <translation>Zugriffstoken einfügen: hf_…</translation>
    </message>
    <message>
        <source>&amp;Sign in</source>
        <translation>&amp;Anmelden</translation>
    </message>
    <message>
        <source>Sign &amp;out</source>
        <translation>A&amp;bmelden</translation>
    </message>
    <message>
        <source>&amp;Get a token…</source>
        <translation>&amp;Token holen…</translation>
    </message>
    <message>
        <source>Needed only for models whose licence must be accepted, and for private ones. A token with read access is enough. It is kept in the system&apos;s keyring, never in Preheat&apos;s files or log.</source>
        <translation>Nur nötig für Modelle, deren Lizenz akzeptiert werden muss, und für private. Ein Token mit Lesezugriff genügt. Es liegt im Schlüsselbund des Systems, nie in Dateien oder im Protokoll von Preheat.</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>&amp;Replace</source>
        <translation>&amp;Ersetzen</translation>
    </message>
    <message>
        <source>Signed in as {name}.</source>
        <translation>Angemeldet als {name}.</translation>
    </message>
    <message>
        <source>The token of the environment variable HF_TOKEN is used.</source>
        <translation>Das Token der Umgebungsvariable HF_TOKEN wird benutzt.</translation>
    </message>
    <message>
        <source>The token of “hf auth login” is used.</source>
        <translation>Das Token von „hf auth login“ wird benutzt.</translation>
    </message>
    <message>
        <source>A token is stored.</source>
        <translation>Ein Token ist gespeichert.</translation>
    </message>
    <message>
        <source>Not signed in. Most models need no account.</source>
        <translation>Nicht angemeldet. Die meisten Modelle brauchen kein Konto.</translation>
    </message>
    <message>
        <source>Checking the token</source>
        <translation>Das Token wird geprüft</translation>
    </message>
    <message>
        <source>It could not be checked: Hugging Face cannot be reached now.</source>
        <translation>Es konnte nicht geprüft werden: Hugging Face ist zurzeit nicht erreichbar.</translation>
    </message>
    <message>
        <source>Hugging Face does not accept it. Paste another one.</source>
        <translation>Hugging Face erkennt es nicht an. Ein anderes einfügen.</translation>
    </message>
</context>
<context>
    <name>HubAccountRow</name>
    <message>
        <source>Hugging Face</source>
        <translation>Hugging Face</translation>
    </message>
    <message>
        <source>A&amp;ccount…</source>
        <translation>&amp;Konto…</translation>
    </message>
    <message>
        <source>Hugging Face account</source>
        <translation>Hugging-Face-Konto</translation>
    </message>
    <message>
        <source>Needed only for models whose licence must be accepted, and for private ones.</source>
        <translation>Nur nötig für Modelle, deren Lizenz akzeptiert werden muss, und für private.</translation>
    </message>
</context>
<context>
    <name>ImageStrip</name>
    <message>
        <source>Pictures of the question</source>
        <translation>Bilder zur Frage</translation>
    </message>
    <message>
        <source>Remove picture {number}</source>
        <translation>Bild {number} entfernen</translation>
    </message>
    <message>
        <source>Remove this picture</source>
        <translation>Dieses Bild entfernen</translation>
    </message>
</context>
<context>
    <name>ImportBanner</name>
    <message>
        <source>Add model files</source>
        <translation>Modelldateien hinzufügen</translation>
    </message>
    <message>
        <source>Models (*.gguf)</source>
        <translation>Modelle (*.gguf)</translation>
    </message>
    <message>
        <source>All files (*)</source>
        <translation>Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Adding {file}. A large file takes a while.</source>
        <translation>{file} wird hinzugefügt. Eine große Datei braucht eine Weile.</translation>
    </message>
    <message>
        <source>Preheat can move {file} instead of copying it.</source>
        <translation>Preheat kann {file} verschieben, statt eine Kopie anzulegen.</translation>
    </message>
    <message>
        <source>&amp;Move it</source>
        <translation>&amp;Verschieben</translation>
    </message>
    <message>
        <source>&amp;Leave it</source>
        <translation>&amp;Nicht verschieben</translation>
    </message>
    <message>
        <source>{file} was added.</source>
        <translation>{file} wurde hinzugefügt.</translation>
    </message>
    <message>
        <source>Show &amp;it</source>
        <translation>&amp;Zeigen</translation>
    </message>
    <message>
        <source>{count} files were added.</source>
        <translation>{count} Dateien wurden hinzugefügt.</translation>
    </message>
    <message>
        <source>Show &amp;them</source>
        <translation>&amp;Zeigen</translation>
    </message>
</context>
<context>
    <name>KeptPromptsRow</name>
    <message>
        <source>Kept now</source>
        <translation>Derzeit gespeichert</translation>
    </message>
    <message>
        <source>&amp;Delete…</source>
        <translation>&amp;Löschen …</translation>
    </message>
    <message>
        <source>Delete all kept prompts</source>
        <translation>Alle gespeicherten Prompts löschen</translation>
    </message>
    <message>
        <source>Delete all kept prompts?</source>
        <translation>Alle gespeicherten Prompts löschen?</translation>
    </message>
    <message>
        <source>Their models compute them again when an app sends them. That takes longer once.</source>
        <translation>Die Modelle berechnen sie neu, wenn eine App sie sendet. Das dauert einmal länger.</translation>
    </message>
    <message>
        <source>&amp;Delete</source>
        <translation>&amp;Löschen</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>{size} were deleted.</source>
        <translation>{size} wurden gelöscht.</translation>
    </message>
</context>
<context>
    <name>KeysEditor</name>
    <message>
        <source>&amp;Generate a key</source>
        <translation>Schlüssel &amp;erzeugen</translation>
    </message>
    <message>
        <source>&amp;Copy</source>
        <translation>&amp;Kopieren</translation>
    </message>
    <message>
        <source>Key starting with {}</source>
        <translation>Schlüssel, der mit {} beginnt</translation>
    </message>
</context>
<context>
    <name>Legend</name>
    <message>
        <source>ready</source>
        <translation>bereit</translation>
    </message>
    <message>
        <source>had to wait</source>
        <translation>musste warten</translation>
    </message>
    <message>
        <source>in memory</source>
        <translation>im Speicher</translation>
    </message>
    <message>
        <source>planned</source>
        <translation>geplant</translation>
    </message>
    <message>
        <source>Dots are requests: filled ones found their model ready, hollow ones waited</source>
        <translation>Punkte sind Anfragen: gefüllte fanden ihr Modell bereit, hohle mussten warten</translation>
    </message>
</context>
<context>
    <name>LimitChange</name>
    <message>
        <source>The memory limit is set by {source}, so it cannot be changed here.</source>
        <translation>{source} legt die Speichergrenze fest, daher lässt sie sich hier nicht ändern.</translation>
    </message>
    <message>
        <source>Limit {limit}</source>
        <translation>Grenze: {limit}</translation>
    </message>
    <message>
        <source>Limit {limit} of {total}</source>
        <translation>Grenze: {limit} von {total}</translation>
    </message>
    <message>
        <source>Requests of your apps appear here.</source>
        <translation>Hier erscheinen die Anfragen der Programme.</translation>
    </message>
    <message>
        <source>Release or press Enter to apply, Esc to keep the present limit.</source>
        <translation>Loslassen oder Enter übernimmt, Esc behält die jetzige Grenze.</translation>
    </message>
    <message>
        <source>{limit}: calculating the hit rate…</source>
        <translation>{limit}: Trefferquote wird berechnet …</translation>
    </message>
    <message>
        <source>{limit}: the hit rate appears after a few days of use</source>
        <translation>{limit}: Die Trefferquote erscheint nach einigen Tagen Nutzung</translation>
    </message>
    <message>
        <source>{limit}: {rate} ready when asked, {waited} of waiting per week</source>
        <translation>{limit}: {rate} sofort bereit, {waited} Wartezeit pro Woche</translation>
    </message>
    <message>
        <source>{limit}: {rate} ready when asked</source>
        <translation>{limit}: {rate} sofort bereit</translation>
    </message>
    <message>
        <source>The memory of this computer is not known yet.</source>
        <translation>Der Speicher dieses Computers ist noch nicht bekannt.</translation>
    </message>
</context>
<context>
    <name>LimitEditor</name>
    <message>
        <source>Unit of the memory limit</source>
        <translation>Einheit der Speichergrenze</translation>
    </message>
    <message>
        <source>percent</source>
        <translation>Prozent</translation>
    </message>
    <message>
        <source>bytes</source>
        <translation>Byte</translation>
    </message>
    <message>
        <source>Calculating the hit rate for other limits…</source>
        <translation>Trefferquote für andere Grenzen wird berechnet…</translation>
    </message>
    <message>
        <source>After a few days of use, this shows what more memory would bring.</source>
        <translation>Nach einigen Tagen Nutzung steht hier, was mehr Speicher brächte.</translation>
    </message>
    <message>
        <source>The hit rate for other limits could not be calculated. See the log.</source>
        <translation>Die Trefferquote für andere Grenzen ließ sich nicht berechnen. Siehe Protokoll.</translation>
    </message>
    <message>
        <source>Hit rate by memory limit</source>
        <translation>Trefferquote nach Speichergrenze</translation>
    </message>
    <message>
        <source>{limit} of {total}</source>
        <translation>{limit} von {total}</translation>
    </message>
    <message>
        <source>{percent} % of {total}</source>
        <translation>{percent} % von {total}</translation>
    </message>
    <message>
        <source>{rate} ready when asked, {waited} of waiting per week</source>
        <translation>{rate} bereit bei Anfrage, {waited} Wartezeit pro Woche</translation>
    </message>
    <message>
        <source>In use now: {used}, by {count} models</source>
        <translation>Jetzt belegt: {used}, von {count} Modellen</translation>
    </message>
    <message>
        <source>In use now: {used}, by 1 model</source>
        <translation>Jetzt belegt: {used}, von 1 Modell</translation>
    </message>
</context>
<context>
    <name>LimitTrial</name>
    <message>
        <source>Memory limit</source>
        <translation>Speichergrenze</translation>
    </message>
    <message>
        <source>&amp;Use this limit</source>
        <translation>Diese &amp;Grenze nutzen</translation>
    </message>
    <message>
        <source>&amp;Back</source>
        <translation>&amp;Zurück</translation>
    </message>
    <message>
        <source>Memory limit: {limit}</source>
        <translation>Speichergrenze: {limit}</translation>
    </message>
    <message>
        <source>Shows what another limit would have changed</source>
        <translation>Zeigt, was eine andere Grenze geändert hätte</translation>
    </message>
    <message>
        <source>Move the slider to see what another limit would have changed.</source>
        <translation>Den Regler verschieben, um zu sehen, was eine andere Grenze geändert hätte.</translation>
    </message>
    <message>
        <source>Calculating…</source>
        <translation>Wird berechnet…</translation>
    </message>
    <message>
        <source>What it would have changed appears after a few days of use.</source>
        <translation>Was es geändert hätte, erscheint nach einigen Tagen Nutzung.</translation>
    </message>
    <message>
        <source>What it would have changed could not be calculated.</source>
        <translation>Was es geändert hätte, konnte nicht berechnet werden.</translation>
    </message>
    <message>
        <source>With {limit}, {would} of {count} requests would have found their model ready; {were} did.</source>
        <translation>Mit {limit} hätten {would} von {count} Anfragen ihr Modell bereit gefunden; tatsächlich waren es {were}.</translation>
    </message>
</context>
<context>
    <name>Limits</name>
    <message>
        <source>Gets smaller: {models}</source>
        <translation>Wird kleiner: {models}</translation>
    </message>
    <message>
        <source>Leaves: {models}</source>
        <translation>Geht: {models}</translation>
    </message>
    <message>
        <source>Loads: {models}</source>
        <translation>Wird geladen: {models}</translation>
    </message>
    <message>
        <source>No room: {models}</source>
        <translation>Kein Platz: {models}</translation>
    </message>
    <message>
        <source>Stays: {models}</source>
        <translation>Bleibt: {models}</translation>
    </message>
    <message>
        <source>No room for {models}. All favourites need {needed}, and the limit is {limit}.</source>
        <translation>Kein Platz für {models}. Alle Favoriten brauchen {needed}, die Grenze ist {limit}.</translation>
    </message>
</context>
<context>
    <name>ListEditor</name>
    <message>
        <source>&amp;Add…</source>
        <translation>&amp;Hinzufügen…</translation>
    </message>
    <message>
        <source>&amp;Remove</source>
        <translation>Ent&amp;fernen</translation>
    </message>
    <message>
        <source>Move up</source>
        <translation>Nach oben</translation>
    </message>
    <message>
        <source>Move down</source>
        <translation>Nach unten</translation>
    </message>
</context>
<context>
    <name>ListPane</name>
    <message>
        <source>Nothing matches</source>
        <translation>Nichts passt</translation>
    </message>
    <message>
        <source>No activity of this kind.</source>
        <translation>Keine Aktivität dieser Art.</translation>
    </message>
    <message>
        <source>&amp;Show everything</source>
        <translation>&amp;Alles zeigen</translation>
    </message>
    <message>
        <source>Nothing yet</source>
        <translation>Noch nichts</translation>
    </message>
</context>
<context>
    <name>LoadsPane</name>
    <message>
        <source>Filter by kind</source>
        <translation>Nach Art filtern</translation>
    </message>
    <message>
        <source>Filter by model</source>
        <translation>Nach Modell filtern</translation>
    </message>
    <message>
        <source>All models</source>
        <translation>Alle Modelle</translation>
    </message>
    <message>
        <source>Loads and unloads will appear here, with the reason.</source>
        <translation>Hier erscheint, was geladen und entladen wird, mit dem Grund.</translation>
    </message>
</context>
<context>
    <name>LogPage</name>
    <message>
        <source>Follo&amp;w</source>
        <translation>&amp;Folgen</translation>
    </message>
    <message>
        <source>&amp;Copy</source>
        <translation>&amp;Kopieren</translation>
    </message>
    <message>
        <source>&amp;Open folder</source>
        <translation>&amp;Ordner öffnen</translation>
    </message>
    <message>
        <source>Filter by level</source>
        <translation>Nach Stufe filtern</translation>
    </message>
    <message>
        <source>Show only lines with all these words (Ctrl+F)</source>
        <translation>Nur Zeilen mit allen diesen Wörtern anzeigen (Strg+F)</translation>
    </message>
    <message>
        <source>Copy the selection, or all shown lines</source>
        <translation>Die Auswahl oder alle angezeigten Zeilen kopieren</translation>
    </message>
    <message>
        <source>All levels</source>
        <translation>Alle Stufen</translation>
    </message>
    <message>
        <source>Info and above</source>
        <translation>Ab Info</translation>
    </message>
    <message>
        <source>Warnings and errors</source>
        <translation>Warnungen und Fehler</translation>
    </message>
    <message>
        <source>Errors</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>The log can&apos;t be read</source>
        <translation>Das Protokoll kann nicht gelesen werden</translation>
    </message>
    <message>
        <source>Nothing matches</source>
        <translation>Keine Treffer</translation>
    </message>
    <message>
        <source>No line has this level and these words.</source>
        <translation>Keine Zeile hat diese Stufe und diese Wörter.</translation>
    </message>
    <message>
        <source>&amp;Show all</source>
        <translation>&amp;Alle anzeigen</translation>
    </message>
    <message>
        <source>What Preheat does will appear here.</source>
        <translation>Hier erscheint, was Preheat tut.</translation>
    </message>
    <message>
        <source>Preheat is reading the log.</source>
        <translation>Preheat liest das Protokoll.</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Suchen</translation>
    </message>
    <message>
        <source>Search the log</source>
        <translation>Protokoll durchsuchen</translation>
    </message>
    <message>
        <source>Stay at the end as the log grows</source>
        <translation>Am Ende bleiben, während das Protokoll wächst</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>{file}: {reason}.</source>
        <translation>{file}: {reason}.</translation>
    </message>
    <message>
        <source>The log is empty</source>
        <translation>Das Protokoll ist leer</translation>
    </message>
    <message>
        <source>One moment</source>
        <translation>Einen Moment</translation>
    </message>
</context>
<context>
    <name>LogView</name>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
</context>
<context>
    <name>LoginRow</name>
    <message>
        <source>Start Preheat in the tray when you log in, without opening a window.</source>
        <translation>Preheat beim Anmelden in der Symbolleiste starten, ohne ein Fenster zu öffnen.</translation>
    </message>
    <message>
        <source>Start at login</source>
        <translation>Beim Anmelden starten</translation>
    </message>
</context>
<context>
    <name>Messages</name>
    <message>
        <source>&quot;{name}&quot; is not a quantization</source>
        <translation>„{name}“ ist keine Quantisierung</translation>
    </message>
    <message>
        <source>&quot;{name}&quot; is not a repository</source>
        <translation>„{name}“ ist kein Repository</translation>
    </message>
    <message>
        <source>&quot;{name}&quot; is not the name of a model to download</source>
        <translation>„{name}“ ist kein Name eines Modells zum Herunterladen</translation>
    </message>
    <message>
        <source>&quot;{name}&quot; matches {count} models</source>
        <translation>„{name}“ passt auf {count} Modelle</translation>
    </message>
    <message>
        <source>--copy, --move and --link exclude each other</source>
        <translation>--copy, --move und --link schließen einander aus</translation>
    </message>
    <message>
        <source>--limit must be above 0</source>
        <translation>--limit muss größer als 0 sein</translation>
    </message>
    <message>
        <source>--log and --synthetic exclude each other</source>
        <translation>--log und --synthetic schließen sich aus</translation>
    </message>
    <message>
        <source>--set {name}</source>
        <translation>--set {name}</translation>
    </message>
    <message>
        <source>--set {option} has no value</source>
        <translation>--set {option} hat keinen Wert</translation>
    </message>
    <message>
        <source>A quota of {folder} may be used up. The download continues when there is space</source>
        <translation>Vielleicht ist ein Kontingent von {folder} ausgeschöpft. Der Download geht weiter, sobald Platz ist</translation>
    </message>
    <message>
        <source>A worker process could not be started: {reason}</source>
        <translation>Ein Arbeitsprozess ließ sich nicht starten: {reason}</translation>
    </message>
    <message>
        <source>Allow more memory or disk for kept prompts</source>
        <translation>Mehr Speicher oder Speicherplatz für gespeicherte Prompts erlauben</translation>
    </message>
    <message>
        <source>An administrator may have locked the startup programs</source>
        <translation>Vielleicht hat die Systemverwaltung den Autostart gesperrt</translation>
    </message>
    <message>
        <source>Another Preheat is downloading these files</source>
        <translation>Ein anderes Preheat lädt diese Dateien herunter</translation>
    </message>
    <message>
        <source>Ask again to load it</source>
        <translation>Eine neue Anfrage lädt es</translation>
    </message>
    <message>
        <source>Ask for it on {page}, then try again</source>
        <translation>Auf {page} darum bitten, dann erneut versuchen</translation>
    </message>
    <message>
        <source>Available: {names:names}</source>
        <translation>Verfügbar: {names:names}</translation>
    </message>
    <message>
        <source>Available: {names:names} and {more} more</source>
        <translation>Verfügbar: {names:names} und {more} weitere</translation>
    </message>
    <message>
        <source>Cancel it to remove it</source>
        <translation>Abbrechen entfernt ihn</translation>
    </message>
    <message>
        <source>Cannot listen on {host}:{port}: {reason}</source>
        <translation>{host}:{port} lässt sich nicht öffnen: {reason}</translation>
    </message>
    <message>
        <source>Check HF_ENDPOINT</source>
        <translation>HF_ENDPOINT prüfen</translation>
    </message>
    <message>
        <source>Check that it exists and that you may read it ({path})</source>
        <translation>Prüfen, ob die Datei existiert und lesbar ist ({path})</translation>
    </message>
    <message>
        <source>Check that the token may read it, or ask its owner</source>
        <translation>Prüfen, ob das Token es lesen darf, oder beim Eigentümer nachfragen</translation>
    </message>
    <message>
        <source>Check the disk of {path}</source>
        <translation>Den Datenträger von {path} prüfen</translation>
    </message>
    <message>
        <source>Check the file and its folder</source>
        <translation>Datei und Ordner prüfen</translation>
    </message>
    <message>
        <source>Check the file&apos;s type and permissions: {path}</source>
        <translation>Typ und Zugriffsrechte der Datei prüfen: {path}</translation>
    </message>
    <message>
        <source>Check the network, and HF_ENDPOINT and HTTPS_PROXY if they are set</source>
        <translation>Das Netzwerk prüfen und, falls gesetzt, HF_ENDPOINT und HTTPS_PROXY</translation>
    </message>
    <message>
        <source>Check the network, then resume the download</source>
        <translation>Das Netzwerk prüfen, dann den Download fortsetzen</translation>
    </message>
    <message>
        <source>Check the owner and the permissions of {path}</source>
        <translation>Eigentümer und Zugriffsrechte von {path} prüfen</translation>
    </message>
    <message>
        <source>Check the permissions of {file}</source>
        <translation>Die Zugriffsrechte von {file} prüfen</translation>
    </message>
    <message>
        <source>Check the settings host and port</source>
        <translation>Die Einstellungen host und port prüfen</translation>
    </message>
    <message>
        <source>Check the spelling</source>
        <translation>Die Schreibweise prüfen</translation>
    </message>
    <message>
        <source>Check {path} and the folders above it</source>
        <translation>{path} und die übergeordneten Ordner prüfen</translation>
    </message>
    <message>
        <source>Choose a GGUF file ({path})</source>
        <translation>Eine GGUF-Datei wählen ({path})</translation>
    </message>
    <message>
        <source>Choose a folder next to it</source>
        <translation>Einen Ordner daneben wählen</translation>
    </message>
    <message>
        <source>Choose a new or empty folder of your own that is writable and not a link, or one that Preheat made</source>
        <translation>Einen neuen oder leeren eigenen Ordner wählen, der beschreibbar und keine Verknüpfung ist, oder einen von Preheat angelegten</translation>
    </message>
    <message>
        <source>Choose a text model</source>
        <translation>Ein Textmodell wählen</translation>
    </message>
    <message>
        <source>Choose an embedding model</source>
        <translation>Ein Embedding-Modell wählen</translation>
    </message>
    <message>
        <source>Choose another file</source>
        <translation>Eine andere Datei wählen</translation>
    </message>
    <message>
        <source>Choose another folder</source>
        <translation>Einen anderen Ordner wählen</translation>
    </message>
    <message>
        <source>Choose another models folder: preheat config set models_dir DIR</source>
        <translation>Einen anderen Modellordner wählen: preheat config set models_dir DIR</translation>
    </message>
    <message>
        <source>Choose another repository</source>
        <translation>Ein anderes Repository wählen</translation>
    </message>
    <message>
        <source>Choose one of {known:names}</source>
        <translation>Möglich sind {known:names}</translation>
    </message>
    <message>
        <source>Close other programs, and try again</source>
        <translation>Andere Programme schließen und erneut versuchen</translation>
    </message>
    <message>
        <source>Close other programs, or raise the limit on this process&apos;s memory</source>
        <translation>Andere Programme schließen oder die Grenze für den Speicher dieses Prozesses erhöhen</translation>
    </message>
    <message>
        <source>Close other programs, use a smaller model or context_length, or raise the limits on this process&apos;s memory and threads (ulimit -v, ulimit -u)</source>
        <translation>Andere Programme schließen, ein kleineres Modell verwenden, context_length senken oder die Grenzen für Speicher und Threads dieses Prozesses erhöhen (ulimit -v, ulimit -u)</translation>
    </message>
    <message>
        <source>Close the program that uses {path}</source>
        <translation>Das Programm schließen, das {path} verwendet</translation>
    </message>
    <message>
        <source>Compressed request bodies are not supported</source>
        <translation>Komprimierte Anfragen werden nicht unterstützt</translation>
    </message>
    <message>
        <source>Confirm it with --yes</source>
        <translation>Mit --yes bestätigen</translation>
    </message>
    <message>
        <source>Correct the environment variable {variable}, or unset it</source>
        <translation>Die Umgebungsvariable {variable} berichtigen oder entfernen</translation>
    </message>
    <message>
        <source>Correct the option; this lists all settings: preheat config get</source>
        <translation>Die Option berichtigen; alle Einstellungen zeigt: preheat config get</translation>
    </message>
    <message>
        <source>Correct {path}, or move it away</source>
        <translation>{path} berichtigen oder an einen anderen Ort verschieben</translation>
    </message>
    <message>
        <source>Correct {path}, or remove the line: preheat config unset {name}</source>
        <translation>{path} berichtigen oder die Zeile entfernen: preheat config unset {name}</translation>
    </message>
    <message>
        <source>Correct {path}; in TOML a setting is one line: name = value, with text in quotes</source>
        <translation>{path} berichtigen; in TOML ist eine Einstellung eine Zeile: name = value, mit Text in Anführungszeichen</translation>
    </message>
    <message>
        <source>Create it, or choose another one with --models-dir</source>
        <translation>Ihn anlegen oder mit --models-dir einen anderen wählen</translation>
    </message>
    <message>
        <source>Delete it with the program that it belongs to, or by hand</source>
        <translation>Mit dem zugehörigen Programm oder von Hand löschen</translation>
    </message>
    <message>
        <source>Delete it, and Preheat makes it again; or set XDG_RUNTIME_DIR or PREHEAT_HOME to another folder</source>
        <translation>Ihn löschen, dann legt Preheat ihn neu an; oder XDG_RUNTIME_DIR oder PREHEAT_HOME auf einen anderen Ordner setzen</translation>
    </message>
    <message>
        <source>Did you mean {names:names}?</source>
        <translation>Gemeint vielleicht: {names:names}?</translation>
    </message>
    <message>
        <source>Download a newer conversion ({path})</source>
        <translation>Eine neuere Konvertierung herunterladen ({path})</translation>
    </message>
    <message>
        <source>Download it again</source>
        <translation>Erneut herunterladen</translation>
    </message>
    <message>
        <source>Download it again ({path})</source>
        <translation>Erneut herunterladen ({path})</translation>
    </message>
    <message>
        <source>Download the file again, or free memory</source>
        <translation>Die Datei erneut herunterladen oder Speicher freigeben</translation>
    </message>
    <message>
        <source>Download the model in GGUF format ({path})</source>
        <translation>Das Modell im GGUF-Format herunterladen ({path})</translation>
    </message>
    <message>
        <source>Fetch the model with git lfs pull ({path})</source>
        <translation>Das Modell mit git lfs pull holen ({path})</translation>
    </message>
    <message>
        <source>Free memory or close programs</source>
        <translation>Speicher freigeben oder Programme schließen</translation>
    </message>
    <message>
        <source>Free memory or close programs, then try again</source>
        <translation>Speicher freigeben oder Programme schließen, dann erneut versuchen</translation>
    </message>
    <message>
        <source>Free some space on the disk of {folder}</source>
        <translation>Platz auf dem Datenträger von {folder} schaffen</translation>
    </message>
    <message>
        <source>Free some space on the disk of {folder}, or remove a model: preheat rm MODEL</source>
        <translation>Platz auf dem Datenträger von {folder} schaffen oder ein Modell entfernen: preheat rm MODEL</translation>
    </message>
    <message>
        <source>Free some space on the disk of {folder}. The download continues when there is space</source>
        <translation>Platz auf dem Datenträger von {folder} schaffen. Der Download geht weiter, sobald Platz ist</translation>
    </message>
    <message>
        <source>Free some space on the disk of {path}</source>
        <translation>Platz auf dem Datenträger von {path} schaffen</translation>
    </message>
    <message>
        <source>Give the parts their original names</source>
        <translation>Den Teilen ihre ursprünglichen Namen geben</translation>
    </message>
    <message>
        <source>HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set; unset it to search and download</source>
        <translation>HF_HUB_OFFLINE (oder TRANSFORMERS_OFFLINE) ist gesetzt; zum Suchen und Herunterladen entfernen</translation>
    </message>
    <message>
        <source>Input {index} has {tokens} tokens, and this model takes {limit}</source>
        <translation>Eingabe {index} hat {tokens} Token, dieses Modell nimmt {limit}</translation>
    </message>
    <message>
        <source>Input {index} is empty</source>
        <translation>Eingabe {index} ist leer</translation>
    </message>
    <message>
        <source>Install Preheat again</source>
        <translation>Preheat neu installieren</translation>
    </message>
    <message>
        <source>Install them: pip install &apos;preheat[gui]&apos;</source>
        <translation>Installieren: pip install &apos;preheat[gui]&apos;</translation>
    </message>
    <message>
        <source>differs from this client&apos;s last prompt at token {token:count} of {tokens:count}</source>
        <translation>weicht vom letzten Prompt dieses Programms ab Token {token:count} von {tokens:count} ab</translation>
    </message>
    <message>
        <source>It has no GGUF files</source>
        <translation>Es hat keine GGUF-Dateien</translation>
    </message>
    <message>
        <source>It was already here: {path}</source>
        <translation>Schon vorhanden: {path}</translation>
    </message>
    <message>
        <source>it was stored by another version of llama.cpp</source>
        <translation>er wurde von einer anderen Version von llama.cpp gespeichert</translation>
    </message>
    <message>
        <source>Its GGUF files: {names:names}</source>
        <translation>Die GGUF-Dateien: {names:names}</translation>
    </message>
    <message>
        <source>Its file names do not tell quantizations; name a file</source>
        <translation>Die Dateinamen verraten keine Quantisierung; eine Datei nennen</translation>
    </message>
    <message>
        <source>Its files are listed on {page}</source>
        <translation>Die Dateien stehen auf {page}</translation>
    </message>
    <message>
        <source>Its words: {reason}</source>
        <translation>Die Antwort: {reason}</translation>
    </message>
    <message>
        <source>Keep one of the two lines in {path}</source>
        <translation>Eine der beiden Zeilen in {path} behalten</translation>
    </message>
    <message>
        <source>Kept prompts take {size} ({path})</source>
        <translation>Gespeicherte Prompts belegen {size} ({path})</translation>
    </message>
    <message>
        <source>Kept prompts take {size} of {limit} ({path})</source>
        <translation>Gespeicherte Prompts belegen {size} von {limit} ({path})</translation>
    </message>
    <message>
        <source>Leave out --limit and --csv</source>
        <translation>--limit und --csv weglassen</translation>
    </message>
    <message>
        <source>Leave the revision out for the newest</source>
        <translation>Ohne Revision gilt die neueste</translation>
    </message>
    <message>
        <source>Loading {model} was cancelled</source>
        <translation>Das Laden von {model} wurde abgebrochen</translation>
    </message>
    <message>
        <source>Models are only given together with --order</source>
        <translation>Modelle werden nur zusammen mit --order angegeben</translation>
    </message>
    <message>
        <source>Name the models: preheat favourites --order A B</source>
        <translation>Die Modelle nennen: preheat favourites --order A B</translation>
    </message>
    <message>
        <source>No download is given</source>
        <translation>Es ist kein Download angegeben</translation>
    </message>
    <message>
        <source>No model was named</source>
        <translation>Es wurde kein Modell genannt</translation>
    </message>
    <message>
        <source>No models to order</source>
        <translation>Es sind keine Modelle zu ordnen</translation>
    </message>
    <message>
        <source>No prompts are kept on disk yet</source>
        <translation>Auf der Festplatte sind noch keine Prompts gespeichert</translation>
    </message>
    <message>
        <source>No usage history is kept</source>
        <translation>Es wird kein Nutzungsverlauf gespeichert</translation>
    </message>
    <message>
        <source>Nothing was changed</source>
        <translation>Nichts wurde geändert</translation>
    </message>
    <message>
        <source>Nothing was moved. Choose an empty folder, or rename one of the two</source>
        <translation>Nichts wurde verschoben. Einen leeren Ordner wählen oder einen der beiden umbenennen</translation>
    </message>
    <message>
        <source>One of {new} and {old} contains the other</source>
        <translation>Einer von {new} und {old} enthält den anderen</translation>
    </message>
    <message>
        <source>Port {port} is taken by another process</source>
        <translation>Port {port} ist von einem anderen Prozess belegt</translation>
    </message>
    <message>
        <source>Port {port} is taken by the process {process}, pid {pid}</source>
        <translation>Port {port} ist vom Prozess {process} (PID {pid}) belegt</translation>
    </message>
    <message>
        <source>Preheat answered with HTTP status {status}</source>
        <translation>Preheat antwortete mit HTTP-Status {status}</translation>
    </message>
    <message>
        <source>Preheat ended before its answer was complete</source>
        <translation>Preheat endete vor dem Ende der Antwort</translation>
    </message>
    <message>
        <source>Preheat is already running on port {port}</source>
        <translation>Preheat läuft bereits auf Port {port}</translation>
    </message>
    <message>
        <source>Preheat is already running on port {port} ({process}, pid {pid})</source>
        <translation>Preheat läuft bereits auf Port {port} ({process}, PID {pid})</translation>
    </message>
    <message>
        <source>Preheat is not running</source>
        <translation>Preheat läuft nicht</translation>
    </message>
    <message>
        <source>Preheat is quitting</source>
        <translation>Preheat wird beendet</translation>
    </message>
    <message>
        <source>Preheat is shutting down</source>
        <translation>Preheat wird beendet</translation>
    </message>
    <message>
        <source>Preheat runs models in the GGUF format</source>
        <translation>Preheat führt Modelle im GGUF-Format aus</translation>
    </message>
    <message>
        <source>Preheat&apos;s windows are not installed</source>
        <translation>Die Fenster von Preheat sind nicht installiert</translation>
    </message>
    <message>
        <source>Preheat&apos;s windows cannot start: {reason}</source>
        <translation>Die Fenster von Preheat können nicht starten: {reason}</translation>
    </message>
    <message>
        <source>Prompts are not kept: the setting prefix_cache is off</source>
        <translation>Prompts werden nicht gespeichert: Die Einstellung prefix_cache ist off</translation>
    </message>
    <message>
        <source>Prompts cannot be kept in {path}: {reason}</source>
        <translation>Prompts können nicht in {path} gespeichert werden: {reason}</translation>
    </message>
    <message>
        <source>Put them next to it: {names:names}</source>
        <translation>Daneben ablegen: {names:names}</translation>
    </message>
    <message>
        <source>Raise load_timeout, or choose a smaller model</source>
        <translation>load_timeout erhöhen oder ein kleineres Modell wählen</translation>
    </message>
    <message>
        <source>Raise memory_limit, lower context_length, or choose a smaller quantization</source>
        <translation>memory_limit erhöhen, context_length senken oder eine kleinere Quantisierung wählen</translation>
    </message>
    <message>
        <source>Remove it while Preheat is not running</source>
        <translation>Bei beendetem Preheat entfernen</translation>
    </message>
    <message>
        <source>Remove it; Preheat creates a new one</source>
        <translation>Entfernen; Preheat legt einen neuen an</translation>
    </message>
    <message>
        <source>Rename the file, or remove the other first: preheat rm MODEL</source>
        <translation>Die Datei umbenennen oder die andere vorher entfernen: preheat rm MODEL</translation>
    </message>
    <message>
        <source>Save it as UTF-8: {path}</source>
        <translation>Als UTF-8 speichern: {path}</translation>
    </message>
    <message>
        <source>Search for it: preheat search WORDS</source>
        <translation>Danach suchen: preheat search WORDS</translation>
    </message>
    <message>
        <source>See /docs for the endpoints</source>
        <translation>Die Endpunkte stehen unter /docs</translation>
    </message>
    <message>
        <source>See HF_TOKEN_PATH</source>
        <translation>Siehe HF_TOKEN_PATH</translation>
    </message>
    <message>
        <source>See the log</source>
        <translation>Siehe Protokoll</translation>
    </message>
    <message>
        <source>See the log for its last output</source>
        <translation>Die letzte Ausgabe steht im Protokoll</translation>
    </message>
    <message>
        <source>See the log for more</source>
        <translation>Mehr steht im Protokoll</translation>
    </message>
    <message>
        <source>See the log for the reason</source>
        <translation>Der Grund steht im Protokoll</translation>
    </message>
    <message>
        <source>See: preheat downloads</source>
        <translation>Siehe: preheat downloads</translation>
    </message>
    <message>
        <source>Send at least one character</source>
        <translation>Mindestens ein Zeichen senden</translation>
    </message>
    <message>
        <source>Send it once</source>
        <translation>Ihn nur einmal senden</translation>
    </message>
    <message>
        <source>Send it with an HTTP library</source>
        <translation>Mit einer HTTP-Bibliothek senden</translation>
    </message>
    <message>
        <source>Send less</source>
        <translation>Weniger senden</translation>
    </message>
    <message>
        <source>Send less, or raise the setting max_body</source>
        <translation>Weniger senden oder die Einstellung max_body erhöhen</translation>
    </message>
    <message>
        <source>Send one, such as &apos;Host: localhost&apos;</source>
        <translation>Einen senden, zum Beispiel &apos;Host: localhost&apos;</translation>
    </message>
    <message>
        <source>Send other messages, or a prompt to /v1/completions</source>
        <translation>Andere Nachrichten senden oder einen Prompt an /v1/completions</translation>
    </message>
    <message>
        <source>Send shorter messages, or a prompt to /v1/completions</source>
        <translation>Kürzere Nachrichten senden oder einen Prompt an /v1/completions</translation>
    </message>
    <message>
        <source>Send the body uncompressed</source>
        <translation>Die Anfrage unkomprimiert senden</translation>
    </message>
    <message>
        <source>Send the body&apos;s length in bytes, as digits</source>
        <translation>Die Länge in Bytes als Ziffern senden</translation>
    </message>
    <message>
        <source>Send the path alone as the target</source>
        <translation>Als Ziel nur den Pfad senden</translation>
    </message>
    <message>
        <source>Send the request again</source>
        <translation>Die Anfrage erneut senden</translation>
    </message>
    <message>
        <source>Send the request again in a few seconds</source>
        <translation>Die Anfrage in einigen Sekunden erneut senden</translation>
    </message>
    <message>
        <source>Send the request again later</source>
        <translation>Die Anfrage später erneut senden</translation>
    </message>
    <message>
        <source>Send the text in several requests</source>
        <translation>Den Text in mehreren Anfragen senden</translation>
    </message>
    <message>
        <source>Send them in parts</source>
        <translation>Auf mehrere Anfragen verteilen</translation>
    </message>
    <message>
        <source>Send tools, arguments and schemas with fewer levels</source>
        <translation>Tools, Argumente und Schemas mit weniger Ebenen senden</translation>
    </message>
    <message>
        <source>Set HOME, or PREHEAT_HOME, to a folder of your own</source>
        <translation>HOME oder PREHEAT_HOME auf einen eigenen Ordner setzen</translation>
    </message>
    <message>
        <source>Set a smaller context_length or parallel, use a smaller model, or raise the limit on this process&apos;s memory</source>
        <translation>context_length oder parallel kleiner wählen, ein kleineres Modell verwenden oder die Grenze für den Speicher dieses Prozesses erhöhen</translation>
    </message>
    <message>
        <source>Set a smaller context_length, or free memory</source>
        <translation>context_length kleiner wählen oder Speicher freigeben</translation>
    </message>
    <message>
        <source>Set a smaller context_length, use a smaller model, close other programs, or raise the limit on this process&apos;s memory</source>
        <translation>context_length kleiner wählen, ein kleineres Modell verwenden, andere Programme schließen oder die Grenze für den Speicher dieses Prozesses erhöhen</translation>
    </message>
    <message>
        <source>Set history_days to more than 0</source>
        <translation>history_days auf mehr als 0 setzen</translation>
    </message>
    <message>
        <source>Set prefix_cache to disk</source>
        <translation>prefix_cache auf disk setzen</translation>
    </message>
    <message>
        <source>Shorten it</source>
        <translation>Kürzen</translation>
    </message>
    <message>
        <source>Shorten system prompts</source>
        <translation>Systemprompts kürzen</translation>
    </message>
    <message>
        <source>Shorten the prompt, or raise context_length in the settings</source>
        <translation>Den Prompt kürzen oder context_length in den Einstellungen erhöhen</translation>
    </message>
    <message>
        <source>Shorten them</source>
        <translation>Kürzen</translation>
    </message>
    <message>
        <source>Split it into shorter pieces</source>
        <translation>In kürzere Stücke teilen</translation>
    </message>
    <message>
        <source>Start at login could not be changed: {reason}</source>
        <translation>Der Autostart ließ sich nicht ändern: {reason}</translation>
    </message>
    <message>
        <source>Start it again</source>
        <translation>Neu starten</translation>
    </message>
    <message>
        <source>Start it again with &apos;preheat serve&apos;</source>
        <translation>Mit &apos;preheat serve&apos; neu starten</translation>
    </message>
    <message>
        <source>Start it with: preheat serve</source>
        <translation>Starten mit: preheat serve</translation>
    </message>
    <message>
        <source>Stop it and start it again</source>
        <translation>Beenden und neu starten</translation>
    </message>
    <message>
        <source>Stop it, or use another port: &apos;preheat serve --port {free}&apos; or &apos;preheat config set port {free}&apos;</source>
        <translation>Ihn beenden oder einen anderen Port verwenden: &apos;preheat serve --port {free}&apos; oder &apos;preheat config set port {free}&apos;</translation>
    </message>
    <message>
        <source>The API key is missing or wrong</source>
        <translation>Der API-Schlüssel fehlt oder ist falsch</translation>
    </message>
    <message>
        <source>The API keys cannot be written: {reason}</source>
        <translation>Die API-Schlüssel lassen sich nicht schreiben: {reason}</translation>
    </message>
    <message>
        <source>The JSON has more than {values} values, or more than {parts} texts, lists and objects</source>
        <translation>Das JSON hat mehr als {values} Werte oder mehr als {parts} Texte, Listen und Objekte</translation>
    </message>
    <message>
        <source>The JSON is nested deeper than {limit} levels</source>
        <translation>Das JSON ist tiefer als {limit} Ebenen verschachtelt</translation>
    </message>
    <message>
        <source>The bytes of an earlier run were damaged; the download starts over</source>
        <translation>Die Bytes eines früheren Laufs waren beschädigt; der Download beginnt von vorn</translation>
    </message>
    <message>
        <source>The catalogue cannot be read ({reason})</source>
        <translation>Der Katalog ist nicht lesbar ({reason})</translation>
    </message>
    <message>
        <source>The catalogue has no model &quot;{name}&quot;</source>
        <translation>Der Katalog hat kein Modell „{name}“</translation>
    </message>
    <message>
        <source>The catalogue names {names:names} twice</source>
        <translation>Der Katalog nennt {names:names} doppelt</translation>
    </message>
    <message>
        <source>The certificate of {host} is not trusted ({reason})</source>
        <translation>Dem Zertifikat von {host} wird nicht vertraut ({reason})</translation>
    </message>
    <message>
        <source>The connection to {host} failed ({reason})</source>
        <translation>Die Verbindung zu {host} ist fehlgeschlagen ({reason})</translation>
    </message>
    <message>
        <source>The connection was cut</source>
        <translation>Die Verbindung wurde unterbrochen</translation>
    </message>
    <message>
        <source>The disk accepts no more of {name}</source>
        <translation>Der Datenträger nimmt nicht mehr von {name} an</translation>
    </message>
    <message>
        <source>The disk of {path} is read-only: make it writable, or choose another place</source>
        <translation>Der Datenträger von {path} ist schreibgeschützt: ihn beschreibbar machen oder einen anderen Ort wählen</translation>
    </message>
    <message>
        <source>The download was cancelled in the meantime</source>
        <translation>Der Download wurde inzwischen abgebrochen</translation>
    </message>
    <message>
        <source>The engine did not start</source>
        <translation>Die Engine ist nicht gestartet</translation>
    </message>
    <message>
        <source>The file on the hub is shorter than announced</source>
        <translation>Die Datei auf dem Hub ist kürzer als angekündigt</translation>
    </message>
    <message>
        <source>The header Content-Length is not a number</source>
        <translation>Der Header Content-Length ist keine Zahl</translation>
    </message>
    <message>
        <source>The hub cannot send only the rest; the download starts over</source>
        <translation>Der Hub kann nicht nur den Rest senden; der Download beginnt von vorn</translation>
    </message>
    <message>
        <source>The hub does not give access to {repo}</source>
        <translation>Der Hub gibt keinen Zugriff auf {repo}</translation>
    </message>
    <message>
        <source>The hub does not give the size of {file}</source>
        <translation>Der Hub nennt die Größe von {file} nicht</translation>
    </message>
    <message>
        <source>The hub does not say which commit {repo} is at</source>
        <translation>Der Hub nennt den Commit von {repo} nicht</translation>
    </message>
    <message>
        <source>The hub is switched off on this machine</source>
        <translation>Der Hub ist auf diesem Computer ausgeschaltet</translation>
    </message>
    <message>
        <source>The hub refused the file&apos;s content (status {status})</source>
        <translation>Der Hub verweigerte den Inhalt der Datei (Status {status})</translation>
    </message>
    <message>
        <source>The hub sent another part of the file than requested</source>
        <translation>Der Hub sandte einen anderen Teil der Datei als angefordert</translation>
    </message>
    <message>
        <source>The load was cancelled</source>
        <translation>Das Laden wurde abgebrochen</translation>
    </message>
    <message>
        <source>The prompt has {tokens} tokens or more, and this model was trained for a context length of {limit} tokens, prompt and completion together</source>
        <translation>Der Prompt hat mindestens {tokens} Token; dieses Modell wurde für eine Kontextlänge von {limit} Token trainiert, Prompt und Antwort zusammen</translation>
    </message>
    <message>
        <source>The prompt has {tokens} tokens, and this model was trained for a context length of {limit} tokens, prompt and completion together</source>
        <translation>Der Prompt hat {tokens} Token; dieses Modell wurde für eine Kontextlänge von {limit} Token trainiert, Prompt und Antwort zusammen</translation>
    </message>
    <message>
        <source>about a 1 in {whole} chance of being next</source>
        <translation>in etwa 1 von {whole} Fällen das nächste</translation>
    </message>
    <message>
        <source>about a {parts} in {whole} chance of being next</source>
        <translation>in etwa {parts} von {whole} Fällen das nächste</translation>
    </message>
    <message>
        <source>expected, since {sign}</source>
        <translation>erwartet, denn {sign}</translation>
    </message>
    <message>
        <source>it was just added</source>
        <translation>es wurde gerade hinzugefügt</translation>
    </message>
    <message>
        <source>needs {missing:memory} more of {device}; other models come first ({reason})</source>
        <translation>braucht {missing:memory} mehr von {device}; andere Modelle gehen vor ({reason})</translation>
    </message>
    <message>
        <source>needs {missing:memory} more; other models come first ({reason})</source>
        <translation>braucht {missing:memory} mehr; andere Modelle gehen vor ({reason})</translation>
    </message>
    <message>
        <source>no layers are on {device}: the fewest take {needed:bytes} with their buffers, and there are {limit:bytes}</source>
        <translation>auf {device} sind keine Schichten: die wenigsten brauchen mit ihren Puffern {needed:bytes}, und es gibt {limit:bytes}</translation>
    </message>
    <message>
        <source>not preloaded: that would probably be in vain ({reason})</source>
        <translation>nicht vorgeladen: Das wäre wahrscheinlich vergeblich ({reason})</translation>
    </message>
    <message>
        <source>one of the last used</source>
        <translation>eines der zuletzt genutzten</translation>
    </message>
    <message>
        <source>the model does not run on it: {reason}</source>
        <translation>das Modell läuft darauf nicht: {reason}</translation>
    </message>
    <message>
        <source>the model file has changed since it was stored</source>
        <translation>die Modelldatei hat sich geändert, seit er gespeichert wurde</translation>
    </message>
    <message>
        <source>The model&apos;s chat template cannot render these messages: {reason}</source>
        <translation>Die Chatvorlage des Modells kann diese Nachrichten nicht umsetzen: {reason}</translation>
    </message>
    <message>
        <source>the model&apos;s settings have changed since it was stored</source>
        <translation>die Einstellungen des Modells haben sich geändert, seit er gespeichert wurde</translation>
    </message>
    <message>
        <source>The models are in {folder} already</source>
        <translation>Die Modelle sind schon in {folder}</translation>
    </message>
    <message>
        <source>The models cannot be moved: {path}: {reason}</source>
        <translation>Die Modelle lassen sich nicht verschieben: {path}: {reason}</translation>
    </message>
    <message>
        <source>The port closed as it opened</source>
        <translation>Der Port wurde beim Öffnen geschlossen</translation>
    </message>
    <message>
        <source>The port could not be opened: {reason}</source>
        <translation>Der Port ließ sich nicht öffnen: {reason}</translation>
    </message>
    <message>
        <source>The prompt has {tokens} tokens, and this model&apos;s context length is {limit} tokens, prompt and completion together</source>
        <translation>Der Prompt hat {tokens} Token; die Kontextlänge dieses Modells ist {limit} Token für Prompt und Antwort zusammen</translation>
    </message>
    <message>
        <source>The prompt is empty</source>
        <translation>Der Prompt ist leer</translation>
    </message>
    <message>
        <source>The recorded use could not be replayed</source>
        <translation>Die aufgezeichnete Nutzung ließ sich nicht nachspielen</translation>
    </message>
    <message>
        <source>The request body is larger than {limit:count} bytes</source>
        <translation>Die Anfrage ist größer als {limit:count} Bytes</translation>
    </message>
    <message>
        <source>The request body is not JSON: {reason}</source>
        <translation>Die Anfrage ist kein JSON: {reason}</translation>
    </message>
    <message>
        <source>The request body must be a JSON object</source>
        <translation>Die Anfrage muss ein JSON-Objekt sein</translation>
    </message>
    <message>
        <source>The request body: {reason}</source>
        <translation>Die Anfrage: {reason}</translation>
    </message>
    <message>
        <source>The running Preheat is another version ({version}) and cannot be shown</source>
        <translation>Das laufende Preheat hat eine andere Version ({version}) und lässt sich nicht anzeigen</translation>
    </message>
    <message>
        <source>the stored prompt was damaged</source>
        <translation>der gespeicherte Prompt war beschädigt</translation>
    </message>
    <message>
        <source>The token for the hub cannot be read ({reason})</source>
        <translation>Das Token für den Hub ist nicht lesbar ({reason})</translation>
    </message>
    <message>
        <source>the type of the KV cache has changed since it was stored</source>
        <translation>der Typ des KV-Caches hat sich geändert, seit er gespeichert wurde</translation>
    </message>
    <message>
        <source>The usage log was damaged ({error}). It was moved to {path}, and a new one was started</source>
        <translation>Das Nutzungsprotokoll war beschädigt ({error}). Es wurde nach {path} verschoben und ein neues begonnen</translation>
    </message>
    <message>
        <source>The usage log {path} was deleted or replaced while Preheat was running; a new one was started</source>
        <translation>Das Nutzungsprotokoll {path} wurde bei laufendem Preheat gelöscht oder ersetzt; ein neues wurde begonnen</translation>
    </message>
    <message>
        <source>The definitions of named models would take more than {limit:bytes}</source>
        <translation>Die Namen der Modelle bräuchten mehr als {limit:bytes}</translation>
    </message>
    <message>
        <source>The process that runs chat templates does not start</source>
        <translation>Der Prozess, der Chatvorlagen ausführt, startet nicht</translation>
    </message>
    <message>
        <source>The process that runs the model&apos;s chat template crashed on these messages</source>
        <translation>Der Prozess, der die Chatvorlage des Modells ausführt, endete bei diesen Nachrichten</translation>
    </message>
    <message>
        <source>The prompt has {characters:count} characters; {limit:count} are the limit for this model&apos;s context length of {tokens:count} tokens</source>
        <translation>Der Prompt hat {characters:count} Zeichen; bei der Kontextlänge dieses Modells von {tokens:count} Token sind höchstens {limit:count} erlaubt</translation>
    </message>
    <message>
        <source>The prompt has {tokens} tokens or more, and this model&apos;s context length is {limit} tokens, prompt and completion together</source>
        <translation>Der Prompt hat mindestens {tokens} Token; die Kontextlänge dieses Modells ist {limit} Token für Prompt und Antwort zusammen</translation>
    </message>
    <message>
        <source>The request body arrived too slowly, and other requests needed its memory</source>
        <translation>Die Anfrage traf zu langsam ein, während andere auf ihren Speicher warteten</translation>
    </message>
    <message>
        <source>The request has more than one header {name}</source>
        <translation>Die Anfrage hat mehr als einen Header {name}</translation>
    </message>
    <message>
        <source>The request has more than {count} headers, or they are larger than {limit:count} bytes</source>
        <translation>Die Anfrage hat mehr als {count} Header, oder sie sind größer als {limit:count} Bytes</translation>
    </message>
    <message>
        <source>The request has no header Host</source>
        <translation>Der Anfrage fehlt der Header Host</translation>
    </message>
    <message>
        <source>The request has values that are nested too deeply</source>
        <translation>Die Anfrage hat zu tief verschachtelte Werte</translation>
    </message>
    <message>
        <source>The request is not HTTP/1.1: {reason}</source>
        <translation>Die Anfrage ist kein HTTP/1.1: {reason}</translation>
    </message>
    <message>
        <source>The request&apos;s target is neither a path nor a URL with the machine of the header Host</source>
        <translation>Das Ziel der Anfrage ist weder ein Pfad noch eine URL mit dem Computer aus dem Header Host</translation>
    </message>
    <message>
        <source>The stop strings have {characters:count} characters together; {limit:count} are the limit</source>
        <translation>Die Stopptexte haben zusammen {characters:count} Zeichen; höchstens {limit:count} sind erlaubt</translation>
    </message>
    <message>
        <source>The text has {characters:count} characters; {limit:count} are the limit</source>
        <translation>Der Text hat {characters:count} Zeichen; höchstens {limit:count} sind erlaubt</translation>
    </message>
    <message>
        <source>There are more than {limit:count} tokens</source>
        <translation>Es sind mehr als {limit:count} Token</translation>
    </message>
    <message>
        <source>There are no models yet: put GGUF files into the models folder, or add folders to models_dirs</source>
        <translation>Es gibt noch keine Modelle: GGUF-Dateien in den Modellordner legen oder Ordner in models_dirs aufnehmen</translation>
    </message>
    <message>
        <source>There is another {file} in {folder} already</source>
        <translation>In {folder} gibt es schon eine andere Datei {file}</translation>
    </message>
    <message>
        <source>There is no connection to {hub} ({reason})</source>
        <translation>Keine Verbindung zu {hub} ({reason})</translation>
    </message>
    <message>
        <source>There is no download &quot;{download_id}&quot;</source>
        <translation>Es gibt keinen Download „{download_id}“</translation>
    </message>
    <message>
        <source>There is no folder {path}</source>
        <translation>Es gibt keinen Ordner {path}</translation>
    </message>
    <message>
        <source>There is no memory to start a worker process</source>
        <translation>Der Speicher reicht nicht, um einen Arbeitsprozess zu starten</translation>
    </message>
    <message>
        <source>There is no model named &quot;{name}&quot;</source>
        <translation>Es gibt kein Modell namens „{name}“</translation>
    </message>
    <message>
        <source>There is no prompt</source>
        <translation>Es gibt keinen Prompt</translation>
    </message>
    <message>
        <source>There is no space for the models: they need {needed:bytes}, and {free:bytes} are free</source>
        <translation>Kein Platz für die Modelle: Benötigt werden {needed:bytes}, frei sind {free:bytes}</translation>
    </message>
    <message>
        <source>There is no space for the rest of {name}: it needs {needed:bytes}, and {free:bytes} are free</source>
        <translation>Kein Platz für den Rest von {name}: Benötigt werden {needed:bytes}, frei sind {free:bytes}</translation>
    </message>
    <message>
        <source>There is no space for {name} and the downloads before it: they need {needed:bytes}, and {free:bytes} are free</source>
        <translation>Kein Platz für {name} und die Downloads davor: Benötigt werden {needed:bytes}, frei sind {free:bytes}</translation>
    </message>
    <message>
        <source>There is no space for {name}: it needs {needed:bytes}, and {free:bytes} are free</source>
        <translation>Kein Platz für {name}: Benötigt werden {needed:bytes}, frei sind {free:bytes}</translation>
    </message>
    <message>
        <source>There is no such endpoint</source>
        <translation>Diesen Endpunkt gibt es nicht</translation>
    </message>
    <message>
        <source>There is no synthetic user {user}</source>
        <translation>Den künstlichen Benutzer {user} gibt es nicht</translation>
    </message>
    <message>
        <source>There is no token {token}: this model has 0 to {last}</source>
        <translation>Ein Token {token} gibt es nicht: Dieses Modell hat 0 bis {last}</translation>
    </message>
    <message>
        <source>There is not enough memory for this</source>
        <translation>Dafür reicht der Speicher nicht</translation>
    </message>
    <message>
        <source>There is nothing to replay: no request is on record</source>
        <translation>Nichts nachzuspielen: Es ist keine Anfrage aufgezeichnet</translation>
    </message>
    <message>
        <source>There was no memory to prepare this request</source>
        <translation>Der Speicher reichte nicht, um diese Anfrage vorzubereiten</translation>
    </message>
    <message>
        <source>This host name is not allowed</source>
        <translation>Dieser Hostname ist nicht erlaubt</translation>
    </message>
    <message>
        <source>This lists all problems: preheat config check</source>
        <translation>Alle Probleme zeigt: preheat config check</translation>
    </message>
    <message>
        <source>This lists all settings: preheat config get</source>
        <translation>Alle Einstellungen zeigt: preheat config get</translation>
    </message>
    <message>
        <source>This model generates text and makes no embeddings</source>
        <translation>Dieses Modell erzeugt Text und keine Embeddings</translation>
    </message>
    <message>
        <source>This model makes embeddings and generates no text</source>
        <translation>Dieses Modell erzeugt Embeddings und keinen Text</translation>
    </message>
    <message>
        <source>This program belongs to another user of this machine</source>
        <translation>Dieses Programm gehört zu einem anderen Benutzer dieses Computers</translation>
    </message>
    <message>
        <source>Try a synthetic user: preheat replay --synthetic steady</source>
        <translation>Mit einem künstlichen Benutzer versuchen: preheat replay --synthetic steady</translation>
    </message>
    <message>
        <source>Try again in a few minutes</source>
        <translation>In einigen Minuten erneut versuchen</translation>
    </message>
    <message>
        <source>Try again later</source>
        <translation>Später erneut versuchen</translation>
    </message>
    <message>
        <source>Try again shortly, or raise max_queue</source>
        <translation>Bald erneut versuchen oder max_queue erhöhen</translation>
    </message>
    <message>
        <source>Try again when they have ended</source>
        <translation>Nach ihrem Ende erneut versuchen</translation>
    </message>
    <message>
        <source>Two requests of this kind are being computed</source>
        <translation>Zwei Anfragen dieser Art werden gerade berechnet</translation>
    </message>
    <message>
        <source>Unset {variable}, then move it</source>
        <translation>{variable} entfernen, dann verschieben</translation>
    </message>
    <message>
        <source>Update Preheat, or download it again ({path})</source>
        <translation>Preheat aktualisieren oder erneut herunterladen ({path})</translation>
    </message>
    <message>
        <source>Update Preheat, or download the model in another quantization ({path})</source>
        <translation>Preheat aktualisieren oder das Modell in einer anderen Quantisierung herunterladen ({path})</translation>
    </message>
    <message>
        <source>Usage is not saved: {path} cannot be written ({reason}). It is kept in memory, and saving is retried</source>
        <translation>Die Nutzung wird nicht gespeichert: {path} ist nicht schreibbar ({reason}). Die Daten bleiben im Speicher, das Schreiben wird wiederholt</translation>
    </message>
    <message>
        <source>Use a chat model</source>
        <translation>Ein Chatmodell verwenden</translation>
    </message>
    <message>
        <source>Use an embedding model</source>
        <translation>Ein Embedding-Modell verwenden</translation>
    </message>
    <message>
        <source>Use another file of this model, or send a prompt to /v1/completions</source>
        <translation>Eine andere Datei dieses Modells verwenden oder einen Prompt an /v1/completions senden</translation>
    </message>
    <message>
        <source>Use it with /v1/chat/completions, or choose an embedding model</source>
        <translation>Mit /v1/chat/completions verwenden oder ein Embedding-Modell wählen</translation>
    </message>
    <message>
        <source>Use it with /v1/embeddings, or choose a text model</source>
        <translation>Mit /v1/embeddings verwenden oder ein Textmodell wählen</translation>
    </message>
    <message>
        <source>Use it, stop it first, or start another one with &apos;preheat serve --port {free}&apos;</source>
        <translation>Es verwenden, vorher beenden oder ein anderes starten: &apos;preheat serve --port {free}&apos;</translation>
    </message>
    <message>
        <source>Use localhost or 127.0.0.1, or add the name to the setting allowed_hosts</source>
        <translation>localhost oder 127.0.0.1 verwenden oder den Namen in die Einstellung allowed_hosts aufnehmen</translation>
    </message>
    <message>
        <source>Use one of them</source>
        <translation>Nur eines davon verwenden</translation>
    </message>
    <message>
        <source>Use one of them, or none</source>
        <translation>Eine davon verwenden oder keine</translation>
    </message>
    <message>
        <source>Use the preheat command or its window</source>
        <translation>Den Befehl preheat oder das Fenster von Preheat verwenden</translation>
    </message>
    <message>
        <source>Use the preheat command or its window, or send a key made with &apos;preheat keys add NAME --scope admin&apos;</source>
        <translation>Den Befehl preheat oder das Fenster von Preheat verwenden oder einen Schlüssel senden, den &apos;preheat keys add NAME --scope admin&apos; anlegt</translation>
    </message>
    <message>
        <source>Use the preheat command, or allow it with &apos;preheat config set web_access manage&apos;</source>
        <translation>Den Befehl preheat verwenden oder es mit &apos;preheat config set web_access manage&apos; erlauben</translation>
    </message>
    <message>
        <source>Use another model, or send a prompt to /v1/completions</source>
        <translation>Ein anderes Modell verwenden oder einen Prompt an /v1/completions senden</translation>
    </message>
    <message>
        <source>Wait for it, then resume</source>
        <translation>Das Ende abwarten, dann fortsetzen</translation>
    </message>
    <message>
        <source>Web pages may not change settings, files or keys</source>
        <translation>Webseiten dürfen Einstellungen, Dateien und Schlüssel nicht ändern</translation>
    </message>
    <message>
        <source>Web pages may read and use models, but not manage them</source>
        <translation>Webseiten dürfen Modelle anzeigen und verwenden, aber nicht verwalten</translation>
    </message>
    <message>
        <source>Write 8GiB, or 50% of the memory</source>
        <translation>Als 8GiB oder als 50% des Arbeitsspeichers angeben</translation>
    </message>
    <message>
        <source>Write 8GiB,12GiB</source>
        <translation>Als 8GiB,12GiB angeben</translation>
    </message>
    <message>
        <source>Write it after the model&apos;s name, or to standard input</source>
        <translation>Ihn nach dem Modellnamen oder in die Standardeingabe schreiben</translation>
    </message>
    <message>
        <source>Write it as --set name=value</source>
        <translation>Als --set name=value schreiben</translation>
    </message>
    <message>
        <source>Write it as owner/name</source>
        <translation>Als owner/name schreiben</translation>
    </message>
    <message>
        <source>Write one such as Q4_K_M, or leave it out</source>
        <translation>Eine wie Q4_K_M schreiben oder weglassen</translation>
    </message>
    <message>
        <source>Write owner/name, owner/name:Q4_K_M, a file&apos;s address on huggingface.co, or a name such as qwen3:4b</source>
        <translation>Möglich sind owner/name, owner/name:Q4_K_M, die Adresse einer Datei auf huggingface.co oder ein Name wie qwen3:4b</translation>
    </message>
    <message>
        <source>Your account has no access to {repo} yet</source>
        <translation>Das Konto hat noch keinen Zugriff auf {repo}</translation>
    </message>
    <message>
        <source>a folder, or auto</source>
        <translation>ein Ordner oder auto</translation>
    </message>
    <message>
        <source>a host name or address, without a port</source>
        <translation>ein Hostname oder eine Adresse, ohne Port</translation>
    </message>
    <message>
        <source>a key in its header is {length:,} bytes long</source>
        <translation>ein Schlüssel im Dateikopf ist {length:,} Bytes lang</translation>
    </message>
    <message>
        <source>a list of folders</source>
        <translation>eine Liste von Ordnern</translation>
    </message>
    <message>
        <source>a list of host names or addresses, without ports</source>
        <translation>eine Liste von Hostnamen oder Adressen, ohne Ports</translation>
    </message>
    <message>
        <source>a list of huggingface, lmstudio, ollama, llamacpp, jan</source>
        <translation>eine Liste aus huggingface, lmstudio, ollama, llamacpp, jan</translation>
    </message>
    <message>
        <source>a list of keys of visible ASCII characters without spaces</source>
        <translation>eine Liste von Schlüsseln aus sichtbaren ASCII-Zeichen ohne Leerzeichen</translation>
    </message>
    <message>
        <source>a list of model names, or auto</source>
        <translation>eine Liste von Modellnamen oder auto</translation>
    </message>
    <message>
        <source>a number above {low} and at most {high}</source>
        <translation>eine Zahl über {low} und höchstens {high}</translation>
    </message>
    <message>
        <source>a number from {low} to {high}</source>
        <translation>eine Zahl von {low} bis {high}</translation>
    </message>
    <message>
        <source>a number from {low} to {high}, or auto</source>
        <translation>eine Zahl von {low} bis {high} oder auto</translation>
    </message>
    <message>
        <source>a request asked for it</source>
        <translation>eine Anfrage brauchte es</translation>
    </message>
    <message>
        <source>a request just ended</source>
        <translation>eine Anfrage ist gerade fertig</translation>
    </message>
    <message>
        <source>a size such as 2GiB or 900MB, 0, or a share of memory below 100%</source>
        <translation>eine Größe wie 2GiB oder 900MB, 0 oder ein Anteil des Speichers unter 100%</translation>
    </message>
    <message>
        <source>a size such as 32MiB</source>
        <translation>eine Größe wie 32MiB</translation>
    </message>
    <message>
        <source>a size such as 8GiB or 900MB, at least 1MB, or a share of memory such as 50%</source>
        <translation>eine Größe wie 8GiB oder 900MB, mindestens 1MB, oder ein Anteil des Speichers wie 50%</translation>
    </message>
    <message>
        <source>a small model keeps its abilities best with 8 bits, and there is room</source>
        <translation>ein kleines Modell behält seine Fähigkeiten am besten mit 8 Bit, und es ist Platz</translation>
    </message>
    <message>
        <source>a tensor&apos;s name is {length:,} bytes long</source>
        <translation>der Name eines Tensors ist {length:,} Bytes lang</translation>
    </message>
    <message>
        <source>a whole number from {low} to {high}</source>
        <translation>eine ganze Zahl von {low} bis {high}</translation>
    </message>
    <message>
        <source>a whole number from {low} to {high}, or auto</source>
        <translation>eine ganze Zahl von {low} bis {high} oder auto</translation>
    </message>
    <message>
        <source>allowed: {allowed}</source>
        <translation>erlaubt: {allowed}</translation>
    </message>
    <message>
        <source>an item is empty</source>
        <translation>ein Eintrag ist leer</translation>
    </message>
    <message>
        <source>another program has locked the file</source>
        <translation>ein anderes Programm hat die Datei gesperrt</translation>
    </message>
    <message>
        <source>another program killed it</source>
        <translation>ein anderes Programm hat es beendet</translation>
    </message>
    <message>
        <source>as requested</source>
        <translation>wie gewünscht</translation>
    </message>
    <message>
        <source>dimensions: the model&apos;s vectors have only {limit}</source>
        <translation>dimensions: Die Vektoren des Modells haben nur {limit}</translation>
    </message>
    <message>
        <source>even the smallest needs more memory than models may use</source>
        <translation>selbst die kleinste braucht mehr Speicher, als Modelle verwenden dürfen</translation>
    </message>
    <message>
        <source>favourite {rank}</source>
        <translation>Favorit {rank}</translation>
    </message>
    <message>
        <source>good answers in little memory, and fast</source>
        <translation>gute Antworten mit wenig Speicher, und schnell</translation>
    </message>
    <message>
        <source>in memory: {reason}</source>
        <translation>im Speicher: {reason}</translation>
    </message>
    <message>
        <source>in memory: {reason}; {plan}</source>
        <translation>im Speicher: {reason}; {plan}</translation>
    </message>
    <message>
        <source>it accessed invalid memory</source>
        <translation>es griff auf ungültigen Speicher zu</translation>
    </message>
    <message>
        <source>it belongs to another user</source>
        <translation>er gehört einem anderen Benutzer</translation>
    </message>
    <message>
        <source>it belongs to the system</source>
        <translation>er gehört zum System</translation>
    </message>
    <message>
        <source>it contains a control character</source>
        <translation>er enthält ein Steuerzeichen</translation>
    </message>
    <message>
        <source>it drafts for another model</source>
        <translation>es entwirft für ein anderes Modell</translation>
    </message>
    <message>
        <source>it exited</source>
        <translation>es beendete sich</translation>
    </message>
    <message>
        <source>it failed with exit code {exit_code}</source>
        <translation>es endete mit dem Exit-Code {exit_code}</translation>
    </message>
    <message>
        <source>it contains a null character</source>
        <translation>der Wert enthält ein Nullzeichen</translation>
    </message>
    <message>
        <source>it has the tensor {tensor} twice</source>
        <translation>der Tensor {tensor} ist doppelt</translation>
    </message>
    <message>
        <source>it is a control vector, which steers another model</source>
        <translation>es ist ein Steuervektor für ein anderes Modell</translation>
    </message>
    <message>
        <source>it is a link</source>
        <translation>er ist eine Verknüpfung</translation>
    </message>
    <message>
        <source>it is a model with an adapter, which Preheat cannot serve</source>
        <translation>es ist ein Modell mit Adapter, das Preheat nicht ausführen kann</translation>
    </message>
    <message>
        <source>it is a reranker, which Preheat cannot serve yet</source>
        <translation>es ist ein Reranker, den Preheat noch nicht ausführen kann</translation>
    </message>
    <message>
        <source>it is a vocabulary without a model</source>
        <translation>es ist ein Vokabular ohne Modell</translation>
    </message>
    <message>
        <source>it is an adapter, which changes another model</source>
        <translation>es ist ein Adapter für ein anderes Modell</translation>
    </message>
    <message>
        <source>it is an importance matrix, a tool for making quantizations</source>
        <translation>es ist eine Importance-Matrix, ein Hilfsmittel zum Quantisieren</translation>
    </message>
    <message>
        <source>it is empty</source>
        <translation>der Wert ist leer</translation>
    </message>
    <message>
        <source>it is in a form that only Ollama loads</source>
        <translation>es hat eine Form, die nur Ollama lädt</translation>
    </message>
    <message>
        <source>it is longer than a path can be</source>
        <translation>er ist länger, als ein Pfad sein kann</translation>
    </message>
    <message>
        <source>it is not a folder</source>
        <translation>es ist kein Ordner</translation>
    </message>
    <message>
        <source>it is not a language model</source>
        <translation>es ist kein Sprachmodell</translation>
    </message>
    <message>
        <source>it is not a path of this system</source>
        <translation>es ist kein Pfad dieses Systems</translation>
    </message>
    <message>
        <source>it is not an absolute path</source>
        <translation>es ist kein absoluter Pfad</translation>
    </message>
    <message>
        <source>it is not valid Unicode</source>
        <translation>es ist kein gültiges Unicode</translation>
    </message>
    <message>
        <source>it is the image encoder of another model</source>
        <translation>es ist der Bildkodierer eines anderen Modells</translation>
    </message>
    <message>
        <source>it used an instruction that this processor does not have</source>
        <translation>es verwendete einen Befehl, den dieser Prozessor nicht hat</translation>
    </message>
    <message>
        <source>it was ended by {signal}</source>
        <translation>es wurde durch {signal} beendet</translation>
    </message>
    <message>
        <source>it was terminated</source>
        <translation>es wurde beendet</translation>
    </message>
    <message>
        <source>item {number} is wrong</source>
        <translation>Eintrag {number} ist falsch</translation>
    </message>
    <message>
        <source>its alignment is {alignment}, which is not a power of two</source>
        <translation>die Ausrichtung {alignment} ist keine Zweierpotenz</translation>
    </message>
    <message>
        <source>its byte order is not that of this machine</source>
        <translation>die Bytereihenfolge passt nicht zu diesem Computer</translation>
    </message>
    <message>
        <source>its header claims {count:,} keys</source>
        <translation>der Dateikopf nennt {count:,} Schlüssel</translation>
    </message>
    <message>
        <source>its header claims {count:,} tensors</source>
        <translation>der Dateikopf nennt {count:,} Tensoren</translation>
    </message>
    <message>
        <source>its header has the key {key} twice</source>
        <translation>der Dateikopf hat den Schlüssel {key} doppelt</translation>
    </message>
    <message>
        <source>its header is longer than {most:,} bytes</source>
        <translation>der Dateikopf ist länger als {most:,} Bytes</translation>
    </message>
    <message>
        <source>its image encoder is in the same file, a form that only Ollama loads</source>
        <translation>der Bildkodierer ist in derselben Datei, einer Form, die nur Ollama lädt</translation>
    </message>
    <message>
        <source>its output could not be read</source>
        <translation>seine Ausgabe war nicht lesbar</translation>
    </message>
    <message>
        <source>its type is {type}</source>
        <translation>der Typ ist {type}</translation>
    </message>
    <message>
        <source>kept: {reason}</source>
        <translation>behalten: {reason}</translation>
    </message>
    <message>
        <source>less precise than usual, but nothing better fits</source>
        <translation>ungenauer als üblich, aber nichts Besseres passt</translation>
    </message>
    <message>
        <source>llama.cpp aborted because of an internal error</source>
        <translation>llama.cpp brach wegen eines internen Fehlers ab</translation>
    </message>
    <message>
        <source>llama.cpp gives no reason</source>
        <translation>llama.cpp nennt keinen Grund</translation>
    </message>
    <message>
        <source>made room for {model}</source>
        <translation>Platz für {model} geschaffen</translation>
    </message>
    <message>
        <source>made room for {model}, which is used more</source>
        <translation>Platz für {model} geschaffen, das mehr genutzt wird</translation>
    </message>
    <message>
        <source>more than 100%</source>
        <translation>mehr als 100%</translation>
    </message>
    <message>
        <source>more than {limit} characters</source>
        <translation>mehr als {limit} Zeichen</translation>
    </message>
    <message>
        <source>more than {limit} items</source>
        <translation>mehr als {limit} Einträge</translation>
    </message>
    <message>
        <source>negative</source>
        <translation>negativ</translation>
    </message>
    <message>
        <source>never used</source>
        <translation>nie genutzt</translation>
    </message>
    <message>
        <source>no model is so small; a unit may be missing</source>
        <translation>kein Modell ist so klein; vielleicht fehlt eine Einheit</translation>
    </message>
    <message>
        <source>{file} cannot be imported</source>
        <translation>{file} lässt sich nicht importieren</translation>
    </message>
    <message>
        <source>{file} cannot be moved</source>
        <translation>{file} lässt sich nicht verschieben</translation>
    </message>
    <message>
        <source>{file} cannot be moved to {path}: {reason}</source>
        <translation>{file} lässt sich nicht nach {path} verschieben: {reason}</translation>
    </message>
    <message>
        <source>{folder} belongs to the system</source>
        <translation>{folder} gehört zum System</translation>
    </message>
    <message>
        <source>{model} does not run on {device}, and uses the processor: {reason}</source>
        <translation>{model} läuft nicht auf {device} und nutzt den Prozessor: {reason}</translation>
    </message>
    <message>
        <source>{option}: &quot;{text}&quot; is not a size</source>
        <translation>{option}: „{text}“ ist keine Größe</translation>
    </message>
    <message>
        <source>{path} belongs to another user</source>
        <translation>{path} gehört einem anderen Benutzer</translation>
    </message>
    <message>
        <source>{path} belongs to another user, and Preheat cannot write there</source>
        <translation>{path} gehört einem anderen Benutzer, und Preheat kann dort nicht schreiben</translation>
    </message>
    <message>
        <source>{path} can be removed while Preheat is not running; a log in it goes too</source>
        <translation>{path} lässt sich entfernen, solange Preheat nicht läuft; ein Protokoll darin geht mit verloren</translation>
    </message>
    <message>
        <source>{path} cannot be a folder: {found} is a file</source>
        <translation>{path} kann kein Ordner sein: {found} ist eine Datei</translation>
    </message>
    <message>
        <source>{path} cannot be reached: {reason}</source>
        <translation>{path} ist nicht erreichbar: {reason}</translation>
    </message>
    <message>
        <source>{path} cannot be read: {reason}; programs do not find the running Preheat</source>
        <translation>{path} ist nicht lesbar: {reason}; Programme finden das laufende Preheat nicht</translation>
    </message>
    <message>
        <source>{path} cannot be replayed: {reason}</source>
        <translation>{path} lässt sich nicht nachspielen: {reason}</translation>
    </message>
    <message>
        <source>{path} cannot be written</source>
        <translation>{path} ist nicht schreibbar</translation>
    </message>
    <message>
        <source>{path} cannot be written: no usage is learned</source>
        <translation>{path} ist nicht schreibbar: Aus der Nutzung wird nichts gelernt</translation>
    </message>
    <message>
        <source>{path} exists already</source>
        <translation>{path} gibt es schon</translation>
    </message>
    <message>
        <source>{path} exists and was not written by Preheat</source>
        <translation>{path} gibt es schon und stammt nicht von Preheat</translation>
    </message>
    <message>
        <source>{path} is correct</source>
        <translation>{path} ist in Ordnung</translation>
    </message>
    <message>
        <source>{path} is in memory ({kind}) and is lost at the next start of the machine</source>
        <translation>{path} liegt im Arbeitsspeicher ({kind}) und geht beim nächsten Start des Computers verloren</translation>
    </message>
    <message>
        <source>{path} is on a disk that is mounted read-only</source>
        <translation>{path} liegt auf einem schreibgeschützten Datenträger</translation>
    </message>
    <message>
        <source>{path} is on a network disk ({kind}), where databases can be damaged</source>
        <translation>{path} liegt auf einem Netzlaufwerk ({kind}), auf dem Datenbanken beschädigt werden können</translation>
    </message>
    <message>
        <source>{place} and {others} other settings are unknown or wrong: this may be another program&apos;s file</source>
        <translation>{place} und {others} weitere Einstellungen sind unbekannt oder falsch: Vielleicht gehört die Datei zu einem anderen Programm</translation>
    </message>
    <message>
        <source>not a size</source>
        <translation>keine Größe</translation>
    </message>
    <message>
        <source>not a whole number of bytes; a unit may be missing</source>
        <translation>keine ganze Zahl von Bytes; vielleicht fehlt eine Einheit</translation>
    </message>
    <message>
        <source>not in memory: {error}; {plan}</source>
        <translation>nicht im Speicher: {error}; {plan}</translation>
    </message>
    <message>
        <source>not used for {idle:duration} (keep_alive)</source>
        <translation>{idle:duration} nicht genutzt (keep_alive)</translation>
    </message>
    <message>
        <source>nothing would be left for models</source>
        <translation>für Modelle bliebe nichts übrig</translation>
    </message>
    <message>
        <source>one of {choices:names}</source>
        <translation>eines von {choices:names}</translation>
    </message>
    <message>
        <source>127.0.0.1, localhost, or any address together with an API key</source>
        <translation>127.0.0.1, localhost oder zusammen mit einem API-Schlüssel jede Adresse</translation>
    </message>
    <message>
        <source>A chat has no suffix</source>
        <translation>Ein Chat hat kein suffix</translation>
    </message>
    <message>
        <source>A key&apos;s name has 1 to {limit} visible characters</source>
        <translation>Der Name eines Schlüssels hat 1 bis {limit} sichtbare Zeichen</translation>
    </message>
    <message>
        <source>A web page of another site may not use Preheat</source>
        <translation>Eine fremde Webseite darf Preheat nicht verwenden</translation>
    </message>
    <message>
        <source>An image cannot be decoded</source>
        <translation>Ein Bild lässt sich nicht dekodieren</translation>
    </message>
    <message>
        <source>An image has {width} by {height} pixels; {limit:count} are the limit</source>
        <translation>Ein Bild hat {width} mal {height} Pixel; höchstens {limit:count} sind erlaubt</translation>
    </message>
    <message>
        <source>An image is larger than {limit:bytes}</source>
        <translation>Ein Bild ist größer als {limit:bytes}</translation>
    </message>
    <message>
        <source>An image is of an unknown format</source>
        <translation>Ein Bild hat ein unbekanntes Format</translation>
    </message>
    <message>
        <source>Ask for a smaller context length, or raise memory_limit</source>
        <translation>Eine kleinere Kontextlänge anfordern oder memory_limit erhöhen</translation>
    </message>
    <message>
        <source>Choose another name</source>
        <translation>Einen anderen Namen wählen</translation>
    </message>
    <message>
        <source>Choose another name, or revoke that key</source>
        <translation>Einen anderen Namen wählen oder diesen Schlüssel widerrufen</translation>
    </message>
    <message>
        <source>Close the connection to stop a response</source>
        <translation>Zum Abbrechen einer Antwort die Verbindung schließen</translation>
    </message>
    <message>
        <source>Delete it, and make the keys again; until then every key is refused</source>
        <translation>Löschen und die Schlüssel neu anlegen; bis dahin wird jeder Schlüssel abgelehnt</translation>
    </message>
    <message>
        <source>Download the model&apos;s own mmproj file, or delete it</source>
        <translation>Die eigene mmproj-Datei des Modells herunterladen oder die falsche löschen</translation>
    </message>
    <message>
        <source>If you trust the app, choose it in the setting allowed_apps, or add its origin to allowed_origins</source>
        <translation>Bei Vertrauen die App in der Einstellung allowed_apps wählen oder ihren Ursprung in allowed_origins aufnehmen</translation>
    </message>
    <message>
        <source>Input {index} has {characters:count} characters; {limit:count} are the limit for this model</source>
        <translation>Eingabe {index} hat {characters:count} Zeichen; höchstens {limit:count} sind bei diesem Modell erlaubt</translation>
    </message>
    <message>
        <source>Input {index} has {tokens} tokens or more, and this model takes {limit}</source>
        <translation>Eingabe {index} hat mindestens {tokens} Token, dieses Modell nimmt {limit}</translation>
    </message>
    <message>
        <source>It must be a regular GGUF file of your own, not a link, and outside the system&apos;s folders</source>
        <translation>Nötig ist eine vorhandene eigene GGUF-Datei, die keine Verknüpfung ist und in keinem Systemordner liegt</translation>
    </message>
    <message>
        <source>It must be a GGUF file that exists and that you may read</source>
        <translation>Nötig ist eine vorhandene, lesbare GGUF-Datei</translation>
    </message>
    <message>
        <source>Leave dimensions out</source>
        <translation>dimensions weglassen</translation>
    </message>
    <message>
        <source>Leave it out, or send a chat</source>
        <translation>Weglassen oder einen Chat senden</translation>
    </message>
    <message>
        <source>Leave out older ones</source>
        <translation>Ältere weglassen</translation>
    </message>
    <message>
        <source>Leave out think</source>
        <translation>think weglassen</translation>
    </message>
    <message>
        <source>List the keys with &apos;preheat keys&apos;</source>
        <translation>Die Schlüssel zeigt &apos;preheat keys&apos;</translation>
    </message>
    <message>
        <source>Make a key first: preheat keys add NAME</source>
        <translation>Zuerst einen Schlüssel anlegen: preheat keys add NAME</translation>
    </message>
    <message>
        <source>Make another key first, or set host to 127.0.0.1</source>
        <translation>Zuerst einen anderen Schlüssel anlegen oder host auf 127.0.0.1 setzen</translation>
    </message>
    <message>
        <source>Memory ran out while the model was loaded</source>
        <translation>Der Speicher reichte beim Laden des Modells nicht</translation>
    </message>
    <message>
        <source>Memory ran out while the model worked</source>
        <translation>Der Speicher reichte bei der Arbeit des Modells nicht</translation>
    </message>
    <message>
        <source>More than {limit} settings cannot be changed at once</source>
        <translation>Höchstens {limit} Einstellungen lassen sich auf einmal ändern</translation>
    </message>
    <message>
        <source>No conversation with the answer {id} is stored</source>
        <translation>Kein Gespräch mit der Antwort {id} ist gespeichert</translation>
    </message>
    <message>
        <source>No item with the id {id} is stored</source>
        <translation>Kein Element mit der ID {id} ist gespeichert</translation>
    </message>
    <message>
        <source>No response with the id {id} is stored</source>
        <translation>Keine Antwort mit der ID {id} ist gespeichert</translation>
    </message>
    <message>
        <source>Nothing is lost: they are where they were. {remedy}</source>
        <translation>Nichts ist verloren: Alles ist noch am alten Ort. {remedy}</translation>
    </message>
    <message>
        <source>Nothing was removed. Import it again when no program writes to it</source>
        <translation>Nichts wurde entfernt. Erneut importieren, wenn kein Programm mehr hineinschreibt</translation>
    </message>
    <message>
        <source>Only this user&apos;s own Preheat may change settings, files and keys</source>
        <translation>Nur das eigene Preheat des Benutzers darf Einstellungen, Dateien und Schlüssel ändern</translation>
    </message>
    <message>
        <source>Open the address itself</source>
        <translation>Die Adresse direkt öffnen</translation>
    </message>
    <message>
        <source>Other large requests take all memory for requests</source>
        <translation>Andere große Anfragen belegen den ganzen Speicher für Anfragen</translation>
    </message>
    <message>
        <source>Other machines can reach the port, so it needs at least one key</source>
        <translation>Andere Computer erreichen den Port, daher braucht er mindestens einen Schlüssel</translation>
    </message>
    <message>
        <source>Pages of the origin {origin} are not allowed to use Preheat</source>
        <translation>Seiten des Ursprungs {origin} dürfen Preheat nicht verwenden</translation>
    </message>
    <message>
        <source>Preheat cannot use its runtime folder {path}: {problem}</source>
        <translation>Preheat kann seinen Laufzeitordner {path} nicht verwenden: {problem}</translation>
    </message>
    <message>
        <source>Preheat cannot use its runtime folder: {path}: {reason}</source>
        <translation>Preheat kann seinen Laufzeitordner nicht verwenden: {path}: {reason}</translation>
    </message>
    <message>
        <source>Preheat does not support Ollama&apos;s {path}</source>
        <translation>Preheat unterstützt {path} von Ollama nicht</translation>
    </message>
    <message>
        <source>Preheat failed because of a bug (error {id})</source>
        <translation>Preheat ist an einem Programmfehler gescheitert (Fehler {id})</translation>
    </message>
    <message>
        <source>Preheat serves text and embeddings: {endpoints:names}; see /docs</source>
        <translation>Preheat liefert Text und Embeddings: {endpoints:names}; siehe /docs</translation>
    </message>
    <message>
        <source>Remove it</source>
        <translation>Das Zeichen entfernen</translation>
    </message>
    <message>
        <source>Remove settings of models that are gone: {path}</source>
        <translation>Einstellungen nicht mehr vorhandener Modelle entfernen: {path}</translation>
    </message>
    <message>
        <source>Report it with the line of the log that has this number</source>
        <translation>Den Fehler mit der Protokollzeile melden, die diese Nummer enthält</translation>
    </message>
    <message>
        <source>Revoke keys that are not used any more</source>
        <translation>Nicht mehr verwendete Schlüssel widerrufen</translation>
    </message>
    <message>
        <source>Send PNG, JPEG, GIF or BMP</source>
        <translation>PNG, JPEG, GIF oder BMP senden</translation>
    </message>
    <message>
        <source>Send a complete PNG, JPEG, GIF or BMP file</source>
        <translation>Eine vollständige PNG-, JPEG-, GIF- oder BMP-Datei senden</translation>
    </message>
    <message>
        <source>Reduce the nesting</source>
        <translation>Einen weniger tief verschachtelten Wert senden</translation>
    </message>
    <message>
        <source>A disk, a network folder or another program may not respond; run preheat doctor again</source>
        <translation>Vielleicht antwortet ein Datenträger, ein Netzwerkordner oder ein anderes Programm nicht; preheat doctor erneut ausführen</translation>
    </message>
    <message>
        <source>A file is only given together with --bundle</source>
        <translation>Eine Datei wird nur zusammen mit --bundle angegeben</translation>
    </message>
    <message>
        <source>Ask an administrator to run: loginctl enable-linger {user}</source>
        <translation>Die Systemverwaltung um diesen Befehl bitten: loginctl enable-linger {user}</translation>
    </message>
    <message>
        <source>Better libraries of llama.cpp fail on this processor: {variants:names}</source>
        <translation>Bessere Bibliotheken von llama.cpp schlagen auf diesem Prozessor fehl: {variants:names}</translation>
    </message>
    <message>
        <source>Check its permissions</source>
        <translation>Die Zugriffsrechte prüfen</translation>
    </message>
    <message>
        <source>Check the clock</source>
        <translation>Die Uhr prüfen</translation>
    </message>
    <message>
        <source>Check the disk; then the files can be removed</source>
        <translation>Den Datenträger prüfen; danach lassen sich die Dateien entfernen</translation>
    </message>
    <message>
        <source>Check the owner and the permissions of the file</source>
        <translation>Eigentümer und Zugriffsrechte der Datei prüfen</translation>
    </message>
    <message>
        <source>Check the path and its permissions</source>
        <translation>Den Pfad und seine Zugriffsrechte prüfen</translation>
    </message>
    <message>
        <source>Check the permissions of its folder</source>
        <translation>Die Zugriffsrechte des Ordners prüfen</translation>
    </message>
    <message>
        <source>Check {path}, or remove it and make the keys again</source>
        <translation>{path} prüfen oder entfernen und die Schlüssel neu anlegen</translation>
    </message>
    <message>
        <source>Choose another address: preheat config set host 127.0.0.1</source>
        <translation>Eine andere Adresse wählen: preheat config set host 127.0.0.1</translation>
    </message>
    <message>
        <source>Choose another name, or overwrite it with --force</source>
        <translation>Einen anderen Namen wählen oder die Datei mit --force überschreiben</translation>
    </message>
    <message>
        <source>Close other programs, and run preheat doctor again; if it fails again, report it with these lines</source>
        <translation>Andere Programme schließen und preheat doctor erneut ausführen; bleibt das Problem, es mit diesen Zeilen melden</translation>
    </message>
    <message>
        <source>Close other programs, or set less: preheat config set keep_free 500MB</source>
        <translation>Andere Programme schließen oder weniger einstellen: preheat config set keep_free 500MB</translation>
    </message>
    <message>
        <source>Continue or remove them: preheat downloads lists them</source>
        <translation>Fortsetzen oder entfernen: preheat downloads zeigt sie</translation>
    </message>
    <message>
        <source>Correct each problem below</source>
        <translation>Jedes Problem unten beheben</translation>
    </message>
    <message>
        <source>Correct each problem below, or remove {path}</source>
        <translation>Jedes Problem unten beheben oder {path} entfernen</translation>
    </message>
    <message>
        <source>Damaged histories that were moved aside: {count}</source>
        <translation>Beschädigte, beiseitegelegte Verläufe: {count}</translation>
    </message>
    <message>
        <source>Download the .deb from that page, then: sudo apt install ./FILE.deb</source>
        <translation>Die .deb-Datei von dieser Seite herunterladen, dann: sudo apt install ./FILE.deb</translation>
    </message>
    <message>
        <source>Download the .tar.gz from that page, unpack it and run install.sh again</source>
        <translation>Die .tar.gz-Datei von dieser Seite herunterladen, entpacken und install.sh erneut ausführen</translation>
    </message>
    <message>
        <source>Downloads that are not complete: {count} ({size:bytes})</source>
        <translation>Unvollständige Downloads: {count} ({size:bytes})</translation>
    </message>
    <message>
        <source>Downloads that have not continued for weeks: {count} ({size:bytes})</source>
        <translation>Seit Wochen nicht fortgesetzte Downloads: {count} ({size:bytes})</translation>
    </message>
    <message>
        <source>End that program, and Preheat ends with it</source>
        <translation>Jenes Programm beenden; Preheat endet mit ihm</translation>
    </message>
    <message>
        <source>Favourites without a model: {names:names}</source>
        <translation>Favoriten ohne Modell: {names:names}</translation>
    </message>
    <message>
        <source>Files or folders that cannot be read as models: {count}</source>
        <translation>Dateien oder Ordner, die sich nicht als Modelle lesen lassen: {count}</translation>
    </message>
    <message>
        <source>Files that Preheat cannot serve as models: {count}</source>
        <translation>Dateien, die Preheat nicht als Modelle ausführen kann: {count}</translation>
    </message>
    <message>
        <source>For a computer with another processor: CMAKE_ARGS=-DGGML_NATIVE=OFF pip install --force-reinstall --no-deps --no-cache-dir --no-binary llama-cpp-python llama-cpp-python</source>
        <translation>Für einen Computer mit anderem Prozessor: CMAKE_ARGS=-DGGML_NATIVE=OFF pip install --force-reinstall --no-deps --no-cache-dir --no-binary llama-cpp-python llama-cpp-python</translation>
    </message>
    <message>
        <source>Free some space</source>
        <translation>Platz schaffen</translation>
    </message>
    <message>
        <source>Free some space, or move the models: preheat move-models FOLDER</source>
        <translation>Platz schaffen oder die Modelle verschieben: preheat move-models FOLDER</translation>
    </message>
    <message>
        <source>Get one: preheat pull qwen3:4b; or put GGUF files into {folder}</source>
        <translation>Eines holen: preheat pull qwen3:4b; oder GGUF-Dateien in {folder} legen</translation>
    </message>
    <message>
        <source>Get them with preheat pull, or: preheat unfavourite NAME</source>
        <translation>Mit preheat pull holen, oder: preheat unfavourite NAME</translation>
    </message>
    <message>
        <source>If this lasts, end process {pid} and start Preheat again</source>
        <translation>Hält das an, den Prozess {pid} beenden und Preheat neu starten</translation>
    </message>
    <message>
        <source>If this lasts, start Preheat again</source>
        <translation>Hält das an, Preheat neu starten</translation>
    </message>
    <message>
        <source>In GNOME, install the extension AppIndicator; elsewhere, add a tray to the panel</source>
        <translation>In GNOME die Erweiterung AppIndicator installieren, sonst der Leiste einen Infobereich hinzufügen</translation>
    </message>
    <message>
        <source>Install Preheat again, and check the disk</source>
        <translation>Preheat neu installieren und den Datenträger prüfen</translation>
    </message>
    <message>
        <source>Install Preheat again, or build it on this computer</source>
        <translation>Preheat neu installieren oder auf diesem Computer bauen</translation>
    </message>
    <message>
        <source>Install Preheat&apos;s package for all processors, or build it on this computer with `make run`</source>
        <translation>Das Preheat-Paket für alle Prozessoren installieren oder Preheat mit `make run` auf diesem Computer bauen</translation>
    </message>
    <message>
        <source>Install it again, which starts it: preheat service install</source>
        <translation>Neu installieren, das startet ihn auch: preheat service install</translation>
    </message>
    <message>
        <source>Install it again: preheat service install</source>
        <translation>Neu installieren: preheat service install</translation>
    </message>
    <message>
        <source>Install libvulkan1 and the Vulkan driver of the graphics card</source>
        <translation>libvulkan1 und den Vulkan-Treiber der Grafikkarte installieren</translation>
    </message>
    <message>
        <source>Install the new version from that page</source>
        <translation>Die neue Version von dieser Seite installieren</translation>
    </message>
    <message>
        <source>Install the package preheat, which takes its place and keeps your models</source>
        <translation>Das Paket preheat installieren, das es ersetzt und alle Modelle behält</translation>
    </message>
    <message>
        <source>Install them with the system&apos;s package manager; preheat serve works without them</source>
        <translation>Mit der Paketverwaltung des Systems installieren; preheat serve läuft auch ohne sie</translation>
    </message>
    <message>
        <source>Installed as {form}</source>
        <translation>Installiert als {form}</translation>
    </message>
    <message>
        <source>Internal errors at the end of the log: {count}</source>
        <translation>Interne Fehler am Ende des Protokolls: {count}</translation>
    </message>
    <message>
        <source>It is unknown whether a newer version exists: {reason}</source>
        <translation>Unbekannt ist, ob es eine neuere Version gibt: {reason}</translation>
    </message>
    <message>
        <source>It needs no memory unless it is loaded: preheat unfavourite {model}</source>
        <translation>Es braucht nur Speicher, wenn es geladen ist: preheat unfavourite {model}</translation>
    </message>
    <message>
        <source>Leave out --linger, or let an administrator set up the command: {command}</source>
        <translation>--linger weglassen oder den Befehl von der Systemverwaltung einrichten lassen: {command}</translation>
    </message>
    <message>
        <source>Start this command with the system&apos;s own tools: {command}</source>
        <translation>Das Startprogramm des Systems dies ausführen lassen: {command}</translation>
    </message>
    <message>
        <source>Log in as this user, not with su or sudo; on a server: loginctl enable-linger, then log in again</source>
        <translation>Als dieser Benutzer anmelden, nicht mit su oder sudo; auf einem Server: loginctl enable-linger, dann neu anmelden</translation>
    </message>
    <message>
        <source>Look where you got Preheat, or use your package manager</source>
        <translation>Bei der Bezugsquelle von Preheat nachsehen oder die Paketverwaltung verwenden</translation>
    </message>
    <message>
        <source>Make it private: chmod 600 {path}</source>
        <translation>Für andere sperren: chmod 600 {path}</translation>
    </message>
    <message>
        <source>Make the disk writable, or choose another folder</source>
        <translation>Den Datenträger beschreibbar machen oder einen anderen Ordner wählen</translation>
    </message>
    <message>
        <source>Models run on the processor: this build has no GPU backend</source>
        <translation>Modelle laufen auf dem Prozessor: Dieser Build hat kein GPU-Backend</translation>
    </message>
    <message>
        <source>Models: {count} ({size:bytes})</source>
        <translation>Modelle: {count} ({size:bytes})</translation>
    </message>
    <message>
        <source>Move it away; Preheat creates a new one</source>
        <translation>An einen anderen Ort verschieben; Preheat legt eine neue Datei an</translation>
    </message>
    <message>
        <source>Move the file away, or choose another folder</source>
        <translation>Die Datei an einen anderen Ort verschieben oder einen anderen Ordner wählen</translation>
    </message>
    <message>
        <source>Move {path} away; Preheat creates a new one</source>
        <translation>{path} an einen anderen Ort verschieben; Preheat legt eine neue Datei an</translation>
    </message>
    <message>
        <source>Named API keys: {count}</source>
        <translation>Benannte API-Schlüssel: {count}</translation>
    </message>
    <message>
        <source>Nothing needs to be done; report it with the file that preheat doctor --bundle writes</source>
        <translation>Nichts ist zu tun; das Problem mit der Datei melden, die preheat doctor --bundle schreibt</translation>
    </message>
    <message>
        <source>Ollama&apos;s port {port} belongs to {holder}, so Preheat does not answer there</source>
        <translation>Der Port {port} von Ollama gehört zu {holder}; Preheat antwortet dort nicht</translation>
    </message>
    <message>
        <source>Only {available:memory} are available, less than keep_free ({keep:memory}): nothing is preloaded</source>
        <translation>Nur {available:memory} sind verfügbar, weniger als keep_free ({keep:memory}): Nichts wird vorgeladen</translation>
    </message>
    <message>
        <source>Other users can access {path} ({mode})</source>
        <translation>Andere Benutzer haben Zugriff auf {path} ({mode})</translation>
    </message>
    <message>
        <source>Other users of this machine can read the API keys in {path}</source>
        <translation>Andere Benutzer dieses Computers können die API-Schlüssel in {path} lesen</translation>
    </message>
    <message>
        <source>Packages that Preheat needs are not installed: {packages:names}</source>
        <translation>Von Preheat benötigte Pakete sind nicht installiert: {packages:names}</translation>
    </message>
    <message>
        <source>Port {port} at {address} belongs to the running Preheat (process {pid})</source>
        <translation>Port {port} auf {address} gehört zum laufenden Preheat (Prozess {pid})</translation>
    </message>
    <message>
        <source>Port {port} at {address} is free</source>
        <translation>Port {port} auf {address} ist frei</translation>
    </message>
    <message>
        <source>Port {port} belongs to another Preheat {version} ({holder}), of another user or with another PREHEAT_HOME</source>
        <translation>Port {port} gehört zu einem anderen Preheat {version} ({holder}), von einem anderen Benutzer oder mit einem anderen PREHEAT_HOME</translation>
    </message>
    <message>
        <source>Port {port} belongs to {holder}</source>
        <translation>Port {port} gehört zu {holder}</translation>
    </message>
    <message>
        <source>Port {port} belongs to {holder}, which does not answer</source>
        <translation>Port {port} gehört zu {holder} und antwortet nicht</translation>
    </message>
    <message>
        <source>Preheat (process {pid}) does not answer on port {port}</source>
        <translation>Preheat (Prozess {pid}) antwortet nicht auf Port {port}</translation>
    </message>
    <message>
        <source>Preheat (process {pid}) does not report its state: {reason}</source>
        <translation>Preheat (Prozess {pid}) meldet seinen Zustand nicht: {reason}</translation>
    </message>
    <message>
        <source>Preheat (process {pid}) ended without removing its runtime file; the next start replaces it</source>
        <translation>Preheat (Prozess {pid}) endete, ohne seine Laufzeitdatei zu entfernen; der nächste Start ersetzt sie</translation>
    </message>
    <message>
        <source>Preheat (process {pid}) has not ended yet</source>
        <translation>Preheat (Prozess {pid}) ist noch nicht beendet</translation>
    </message>
    <message>
        <source>Preheat also answers on Ollama&apos;s port {port}</source>
        <translation>Preheat antwortet auch auf dem Port {port} von Ollama</translation>
    </message>
    <message>
        <source>Preheat checks for newer versions once a day, and knows of none</source>
        <translation>Preheat sucht einmal am Tag nach neueren Versionen; bekannt ist keine</translation>
    </message>
    <message>
        <source>Preheat cannot listen at {host}: {reason}</source>
        <translation>Preheat kann {host} nicht öffnen: {reason}</translation>
    </message>
    <message>
        <source>Change the permissions: chmod u+rwx {quoted}</source>
        <translation>Die Zugriffsrechte ändern: chmod u+rwx {quoted}</translation>
    </message>
    <message>
        <source>Give it back: sudo chown -R &quot;$USER&quot; {quoted}</source>
        <translation>Zurückgeben: sudo chown -R &quot;$USER&quot; {quoted}</translation>
    </message>
    <message>
        <source>Preheat does not check for newer versions (preheat update --check does)</source>
        <translation>Preheat sucht nicht nach neueren Versionen (preheat update --check sucht danach)</translation>
    </message>
    <message>
        <source>Preheat does not start at login</source>
        <translation>Preheat startet nicht beim Anmelden</translation>
    </message>
    <message>
        <source>Preheat cannot read and write {path} ({mode})</source>
        <translation>Preheat darf {path} nicht lesen und schreiben ({mode})</translation>
    </message>
    <message>
        <source>Preheat runs on port {port}; the configured port {setting} is free</source>
        <translation>Preheat läuft auf Port {port}; der eingestellte Port {setting} ist frei</translation>
    </message>
    <message>
        <source>Preheat should start at login, but {program} does not exist</source>
        <translation>Preheat soll beim Anmelden starten, aber {program} gibt es nicht</translation>
    </message>
    <message>
        <source>Preheat starts at login: {command}</source>
        <translation>Preheat startet beim Anmelden: {command}</translation>
    </message>
    <message>
        <source>Preheat uses these folders</source>
        <translation>Preheat verwendet diese Ordner</translation>
    </message>
    <message>
        <source>Preheat {version}</source>
        <translation>Preheat {version}</translation>
    </message>
    <message>
        <source>Preheat {version} runs on port {port} (process {pid})</source>
        <translation>Preheat {version} läuft auf Port {port} (Prozess {pid})</translation>
    </message>
    <message>
        <source>Preheat&apos;s files were changed at {newest}, which is in the future</source>
        <translation>Dateien von Preheat wurden zuletzt am {newest} geändert, also in der Zukunft</translation>
    </message>
    <message>
        <source>Programs may open only {limit} files; Preheat needs one for each connection</source>
        <translation>Programme dürfen nur {limit} Dateien öffnen; Preheat braucht eine für jede Verbindung</translation>
    </message>
    <message>
        <source>Programs may use only {limit:memory} of address space</source>
        <translation>Programme dürfen nur {limit:memory} Adressraum verwenden</translation>
    </message>
    <message>
        <source>Pull the new image and start the container again</source>
        <translation>Das neue Image holen und den Container neu starten</translation>
    </message>
    <message>
        <source>Put Preheat&apos;s data on a local disk: set PREHEAT_HOME, or XDG_DATA_HOME</source>
        <translation>Die Daten von Preheat auf einen lokalen Datenträger legen: PREHEAT_HOME oder XDG_DATA_HOME setzen</translation>
    </message>
    <message>
        <source>Put it on a disk: set PREHEAT_HOME, or the setting models_dir</source>
        <translation>Auf einen Datenträger legen: PREHEAT_HOME oder die Einstellung models_dir setzen</translation>
    </message>
    <message>
        <source>Quit Preheat, and start it again</source>
        <translation>Preheat beenden und neu starten</translation>
    </message>
    <message>
        <source>Raise or remove the limit: ulimit -v unlimited</source>
        <translation>Die Grenze erhöhen oder aufheben: ulimit -v unlimited</translation>
    </message>
    <message>
        <source>Raise the limit: ulimit -n 4096</source>
        <translation>Die Grenze erhöhen: ulimit -n 4096</translation>
    </message>
    <message>
        <source>Remove it, and start Preheat again</source>
        <translation>Die Datei entfernen und Preheat neu starten</translation>
    </message>
    <message>
        <source>Remove the copy that you do not need, or put the folder of this one first in PATH</source>
        <translation>Die nicht benötigte Kopie entfernen oder den Ordner von dieser in PATH nach vorn stellen</translation>
    </message>
    <message>
        <source>Rename or delete it, then install again</source>
        <translation>Die Datei umbenennen oder löschen, dann erneut installieren</translation>
    </message>
    <message>
        <source>Replace or remove them, or check their permissions</source>
        <translation>Ersetzen oder entfernen oder die Zugriffsrechte prüfen</translation>
    </message>
    <message>
        <source>Replace the app with the one from the new .dmg, or: brew upgrade --cask preheat</source>
        <translation>Die App durch die aus der neuen .dmg-Datei ersetzen, oder: brew upgrade --cask preheat</translation>
    </message>
    <message>
        <source>Report them with the file that preheat doctor --bundle writes</source>
        <translation>Mit der Datei melden, die preheat doctor --bundle schreibt</translation>
    </message>
    <message>
        <source>Run preheat doctor again</source>
        <translation>preheat doctor erneut ausführen</translation>
    </message>
    <message>
        <source>Run preheat doctor in a terminal of that session</source>
        <translation>preheat doctor in einem Terminal dieser Sitzung ausführen</translation>
    </message>
    <message>
        <source>Run the command without sudo</source>
        <translation>Den Befehl ohne sudo ausführen</translation>
    </message>
    <message>
        <source>Run the new installer from that page, or: winget upgrade Preheat</source>
        <translation>Das neue Installationsprogramm von dieser Seite ausführen, oder: winget upgrade Preheat</translation>
    </message>
    <message>
        <source>See: {log}</source>
        <translation>Siehe: {log}</translation>
    </message>
    <message>
        <source>Send a key as &apos;Authorization: Bearer KEY&apos;; make one with &apos;preheat keys add NAME&apos;</source>
        <translation>Einen Schlüssel als &apos;Authorization: Bearer KEY&apos; senden; &apos;preheat keys add NAME&apos; legt einen an</translation>
    </message>
    <message>
        <source>Send a key, made with &apos;preheat keys add NAME&apos;, or turn on the setting other_users</source>
        <translation>Einen Schlüssel senden, den &apos;preheat keys add NAME&apos; anlegt, oder die Einstellung other_users einschalten</translation>
    </message>
    <message>
        <source>Send a prompt and a suffix to /v1/completions</source>
        <translation>Prompt und suffix an /v1/completions senden</translation>
    </message>
    <message>
        <source>Send a shorter one, use a smaller model, or raise the limit on this process&apos;s memory</source>
        <translation>Eine kürzere senden, ein kleineres Modell verwenden oder die Grenze für den Speicher dieses Prozesses erhöhen</translation>
    </message>
    <message>
        <source>Send a smaller one</source>
        <translation>Ein kleineres senden</translation>
    </message>
    <message>
        <source>Send a source of type text, or images of the pages</source>
        <translation>Eine Quelle vom Typ text oder Bilder der Seiten senden</translation>
    </message>
    <message>
        <source>Send all its messages, with a thread of type create</source>
        <translation>Alle seine Nachrichten senden, mit einem thread vom Typ create</translation>
    </message>
    <message>
        <source>Send fewer and smaller headers</source>
        <translation>Weniger und kleinere Header senden</translation>
    </message>
    <message>
        <source>Send it in several requests</source>
        <translation>Auf mehrere Anfragen verteilen</translation>
    </message>
    <message>
        <source>Send it in the request&apos;s own fields</source>
        <translation>Es in den Feldern der Anfrage selbst senden</translation>
    </message>
    <message>
        <source>Send text only, or use a model with vision</source>
        <translation>Nur Text senden oder ein Modell verwenden, das Bilder versteht</translation>
    </message>
    <message>
        <source>Send the image itself, as a data URI or base64</source>
        <translation>Das Bild selbst senden, als Data-URI oder Base64</translation>
    </message>
    <message>
        <source>Set a smaller limit: preheat config set memory_limit 50%</source>
        <translation>Eine kleinere Grenze setzen: preheat config set memory_limit 50%</translation>
    </message>
    <message>
        <source>Set less: preheat config set keep_free 1GiB</source>
        <translation>Weniger einstellen: preheat config set keep_free 1GiB</translation>
    </message>
    <message>
        <source>Set the clock, or switch on network time</source>
        <translation>Die Uhr stellen oder die Netzwerkzeit einschalten</translation>
    </message>
    <message>
        <source>Start it: preheat tray, or preheat serve</source>
        <translation>Starten: preheat tray oder preheat serve</translation>
    </message>
    <message>
        <source>Stop it, or choose another port: preheat config set port {free}</source>
        <translation>Ihn beenden oder einen anderen Port wählen: preheat config set port {free}</translation>
    </message>
    <message>
        <source>Stop it, or switch this off: preheat config set ollama_port false</source>
        <translation>Das andere Programm beenden oder dies ausschalten: preheat config set ollama_port false</translation>
    </message>
    <message>
        <source>Stored are the latest ones since Preheat started, unless store was false; send the conversation as input</source>
        <translation>Gespeichert sind die letzten seit dem Start von Preheat, außer mit store false; das Gespräch als input senden</translation>
    </message>
    <message>
        <source>Stored are those of the latest responses since Preheat started, unless store was false; send the item itself</source>
        <translation>Gespeichert sind die der letzten Antworten seit dem Start von Preheat, außer mit store false; das Element selbst senden</translation>
    </message>
    <message>
        <source>Switch Start at login off and on in the settings window</source>
        <translation>Im Einstellungsfenster „Beim Anmelden starten“ aus- und wieder einschalten</translation>
    </message>
    <message>
        <source>The API key {name} allows only {scope}, and this needs {needed}</source>
        <translation>Der API-Schlüssel {name} erlaubt nur {scope}; nötig ist {needed}</translation>
    </message>
    <message>
        <source>The API key {name} may not use the model {model}</source>
        <translation>Der API-Schlüssel {name} darf das Modell {model} nicht verwenden</translation>
    </message>
    <message>
        <source>The JSON schema cannot be used. {reason}</source>
        <translation>Das JSON-Schema ist nicht verwendbar. {reason}</translation>
    </message>
    <message>
        <source>The answer&apos;s schema or grammar is too complex to follow. {reason}</source>
        <translation>Schema oder Grammatik der Antwort sind zu komplex, um sie einzuhalten. {reason}</translation>
    </message>
    <message>
        <source>The background service does not start by itself ({manager})</source>
        <translation>Der Hintergrunddienst startet nicht von selbst ({manager})</translation>
    </message>
    <message>
        <source>The background service is installed but not running ({manager})</source>
        <translation>Der Hintergrunddienst ist installiert, läuft aber nicht ({manager})</translation>
    </message>
    <message>
        <source>The background service is running ({manager}, process {pid})</source>
        <translation>Der Hintergrunddienst läuft ({manager}, Prozess {pid})</translation>
    </message>
    <message>
        <source>The cache is large: {size}</source>
        <translation>Der Cache ist groß: {size}</translation>
    </message>
    <message>
        <source>The cache takes {size} ({path})</source>
        <translation>Der Cache belegt {size} ({path})</translation>
    </message>
    <message>
        <source>The chat has {count} images; {limit} are the limit</source>
        <translation>Der Chat hat {count} Bilder; höchstens {limit} sind erlaubt</translation>
    </message>
    <message>
        <source>The clock says {now}: downloads fail, and no usage is learned</source>
        <translation>Die Uhr zeigt {now}: Downloads schlagen fehl, und aus der Nutzung wird nichts gelernt</translation>
    </message>
    <message>
        <source>The command preheat in a terminal is another copy: {first}</source>
        <translation>Der Befehl preheat im Terminal ist eine andere Kopie: {first}</translation>
    </message>
    <message>
        <source>The desktop session ({session}) does not answer</source>
        <translation>Die Desktopsitzung ({session}) antwortet nicht</translation>
    </message>
    <message>
        <source>The disk of {path} is full ({free:bytes} free)</source>
        <translation>Der Datenträger von {path} ist voll ({free:bytes} frei)</translation>
    </message>
    <message>
        <source>The disk of {path} is nearly full ({free:bytes} free)</source>
        <translation>Der Datenträger von {path} ist fast voll ({free:bytes} frei)</translation>
    </message>
    <message>
        <source>The entry that starts Preheat at login has no readable command</source>
        <translation>Der Eintrag für das Anmelden hat keinen lesbaren Befehl</translation>
    </message>
    <message>
        <source>The file of API keys cannot be read: {reason}. Every key is refused</source>
        <translation>Die Datei der API-Schlüssel ist nicht lesbar: {reason}. Jeder Schlüssel wird abgelehnt</translation>
    </message>
    <message>
        <source>The file of API keys is damaged: {path}</source>
        <translation>Die Datei der API-Schlüssel ist beschädigt: {path}</translation>
    </message>
    <message>
        <source>The grammar cannot be used. {reason}</source>
        <translation>Die Grammatik ist nicht verwendbar. {reason}</translation>
    </message>
    <message>
        <source>The history ({size:bytes}) is too large to check in this time</source>
        <translation>Der Verlauf ({size:bytes}) ist zu groß, um ihn in dieser Zeit zu prüfen</translation>
    </message>
    <message>
        <source>The history cannot be checked now: {reason}</source>
        <translation>Der Verlauf lässt sich gerade nicht prüfen: {reason}</translation>
    </message>
    <message>
        <source>The history is damaged: {reason}</source>
        <translation>Der Verlauf ist beschädigt: {reason}</translation>
    </message>
    <message>
        <source>The history is intact; requests in it: {requests}</source>
        <translation>Der Verlauf ist unbeschädigt; Anfragen darin: {requests}</translation>
    </message>
    <message>
        <source>The icon appears in the system&apos;s own tray or menu bar</source>
        <translation>Das Symbol erscheint im Infobereich oder in der Menüleiste des Systems</translation>
    </message>
    <message>
        <source>The image encoder {file} does not work with this model</source>
        <translation>Der Bildkodierer {file} passt nicht zu diesem Modell</translation>
    </message>
    <message>
        <source>The log can be read</source>
        <translation>Das Protokoll ist lesbar</translation>
    </message>
    <message>
        <source>Another copy of Preheat starts at login: {program}, not {own}</source>
        <translation>Beim Anmelden startet eine andere Kopie von Preheat: {program}, nicht {own}</translation>
    </message>
    <message>
        <source>The model&apos;s chat template cannot be used: it crashes the process that runs it</source>
        <translation>Die Chatvorlage des Modells ist nicht verwendbar: Der Prozess, der sie ausführt, stürzt ab</translation>
    </message>
    <message>
        <source>The model&apos;s chat template cannot be used: it is longer than {limit:count} characters</source>
        <translation>Die Chatvorlage des Modells ist nicht verwendbar: Höchstens {limit:count} Zeichen sind möglich</translation>
    </message>
    <message>
        <source>The model&apos;s chat template cannot be used: it takes too long, even for a few words</source>
        <translation>Die Chatvorlage des Modells ist nicht verwendbar: Schon wenige Wörter dauern zu lange</translation>
    </message>
    <message>
        <source>The model&apos;s chat template cannot be used: it takes too much memory, even for a few words</source>
        <translation>Die Chatvorlage des Modells ist nicht verwendbar: Schon wenige Wörter brauchen zu viel Speicher</translation>
    </message>
    <message>
        <source>The model&apos;s chat template is broken: {reason}</source>
        <translation>Die Chatvorlage des Modells ist fehlerhaft: {reason}</translation>
    </message>
    <message>
        <source>The model&apos;s chat template leaves out part of the conversation</source>
        <translation>Die Chatvorlage des Modells lässt einen Teil des Gesprächs weg</translation>
    </message>
    <message>
        <source>The model&apos;s chat template takes too long to render these messages</source>
        <translation>Die Chatvorlage des Modells braucht für diese Nachrichten zu lange</translation>
    </message>
    <message>
        <source>The model&apos;s chat template takes too much memory to render these messages</source>
        <translation>Die Chatvorlage des Modells braucht für diese Nachrichten zu viel Speicher</translation>
    </message>
    <message>
        <source>The models cannot be moved to {folder}</source>
        <translation>Die Modelle lassen sich nicht nach {folder} verschieben</translation>
    </message>
    <message>
        <source>The names of models cannot be read: {reason}</source>
        <translation>Die Namen der Modelle sind nicht lesbar: {reason}</translation>
    </message>
    <message>
        <source>The names of models cannot be written: {reason}</source>
        <translation>Die Namen der Modelle lassen sich nicht schreiben: {reason}</translation>
    </message>
    <message>
        <source>The port is chosen at each start (port = 0)</source>
        <translation>Der Port wird bei jedem Start gewählt (port = 0)</translation>
    </message>
    <message>
        <source>The running Preheat is version {running}, the installed one {installed}</source>
        <translation>Das laufende Preheat hat die Version {running}, das installierte {installed}</translation>
    </message>
    <message>
        <source>The service is installed but did not start: {reason}</source>
        <translation>Der Dienst ist installiert, ist aber nicht gestartet: {reason}</translation>
    </message>
    <message>
        <source>The service is installed, but the system does not start it without a login: {reason}</source>
        <translation>Der Dienst ist installiert, aber das System startet ihn nicht ohne Anmeldung: {reason}</translation>
    </message>
    <message>
        <source>The settings are not correct, and there are no last good ones: preheat serve does not start</source>
        <translation>Die Einstellungen sind fehlerhaft, und es gibt keine letzten gültigen: preheat serve startet nicht</translation>
    </message>
    <message>
        <source>The settings are not correct; the last good ones apply</source>
        <translation>Die Einstellungen sind fehlerhaft; es gelten die letzten gültigen</translation>
    </message>
    <message>
        <source>The state of the service is unknown: {reason}</source>
        <translation>Der Zustand des Dienstes ist unbekannt: {reason}</translation>
    </message>
    <message>
        <source>The template argument {name} is reserved</source>
        <translation>Das Argument {name} der Chatvorlage ist reserviert</translation>
    </message>
    <message>
        <source>The windows are not installed; preheat serve works without them</source>
        <translation>Die Fenster sind nicht installiert; preheat serve läuft auch ohne sie</translation>
    </message>
    <message>
        <source>The windows cannot start: libraries are missing: {libraries:names}</source>
        <translation>Die Fenster können nicht starten; es fehlen Bibliotheken: {libraries:names}</translation>
    </message>
    <message>
        <source>There are already {limit} keys</source>
        <translation>Es gibt schon {limit} Schlüssel</translation>
    </message>
    <message>
        <source>There are no models in the configured folders</source>
        <translation>In den eingestellten Ordnern gibt es keine Modelle</translation>
    </message>
    <message>
        <source>There are no named API keys</source>
        <translation>Es gibt keine benannten API-Schlüssel</translation>
    </message>
    <message>
        <source>There is a model with the name {name} already</source>
        <translation>Es gibt schon ein Modell namens {name}</translation>
    </message>
    <message>
        <source>There is already a key called {name}</source>
        <translation>Es gibt schon einen Schlüssel namens {name}</translation>
    </message>
    <message>
        <source>There is no background service (preheat service install creates one)</source>
        <translation>Es gibt keinen Hintergrunddienst (preheat service install richtet einen ein)</translation>
    </message>
    <message>
        <source>There is no desktop session here; preheat serve works without one</source>
        <translation>Hier gibt es keine Desktopsitzung; preheat serve läuft auch ohne</translation>
    </message>
    <message>
        <source>There is no history yet</source>
        <translation>Es gibt noch keinen Verlauf</translation>
    </message>
    <message>
        <source>There is no key called {name}</source>
        <translation>Es gibt keinen Schlüssel namens {name}</translation>
    </message>
    <message>
        <source>There is no log yet ({path})</source>
        <translation>Es gibt noch kein Protokoll ({path})</translation>
    </message>
    <message>
        <source>There is no settings file; the defaults apply ({path})</source>
        <translation>Es gibt keine Einstellungsdatei; es gelten die Standardwerte ({path})</translation>
    </message>
    <message>
        <source>This Preheat is part of another program</source>
        <translation>Dieses Preheat ist Teil eines anderen Programms</translation>
    </message>
    <message>
        <source>This build has no address to check for newer versions</source>
        <translation>Dieser Build kennt keine Adresse, um nach neueren Versionen zu suchen</translation>
    </message>
    <message>
        <source>This build of llama.cpp does not run on this processor</source>
        <translation>Dieser Build von llama.cpp läuft nicht auf diesem Prozessor</translation>
    </message>
    <message>
        <source>This build of llama.cpp has only one library for processors</source>
        <translation>Dieser Build von llama.cpp hat nur eine Bibliothek für Prozessoren</translation>
    </message>
    <message>
        <source>This check did not finish within {seconds:.0f} s</source>
        <translation>Diese Prüfung war nach {seconds:.0f} s nicht fertig</translation>
    </message>
    <message>
        <source>This check failed: {reason}</source>
        <translation>Diese Prüfung ist fehlgeschlagen: {reason}</translation>
    </message>
    <message>
        <source>This model cannot fill the gap before a suffix: its vocabulary has no tokens for it</source>
        <translation>Dieses Modell kann die Lücke vor einem suffix nicht füllen: Seinem Vokabular fehlen die Token dafür</translation>
    </message>
    <message>
        <source>This model cannot see images</source>
        <translation>Dieses Modell versteht keine Bilder</translation>
    </message>
    <message>
        <source>This processor is too old for Preheat: it lacks {missing}</source>
        <translation>Dieser Prozessor ist zu alt für Preheat: Ihm fehlt {missing}</translation>
    </message>
    <message>
        <source>This processor lacks instructions that Preheat needs: {features:names}</source>
        <translation>Diesem Prozessor fehlen Befehle, die Preheat braucht: {features:names}</translation>
    </message>
    <message>
        <source>This response does not run in the background, so that it cannot be cancelled</source>
        <translation>Diese Antwort läuft nicht im Hintergrund und lässt sich daher nicht abbrechen</translation>
    </message>
    <message>
        <source>This system starts a user&apos;s service only after the user has logged in</source>
        <translation>Dieses System startet Dienste eines Benutzers erst nach dessen Anmeldung</translation>
    </message>
    <message>
        <source>Try again, or restart the computer</source>
        <translation>Erneut versuchen oder den Computer neu starten</translation>
    </message>
    <message>
        <source>Use a key with that permission</source>
        <translation>Einen Schlüssel mit dieser Berechtigung verwenden</translation>
    </message>
    <message>
        <source>Use a model for code, such as Qwen2.5-Coder, or leave out the suffix</source>
        <translation>Ein Modell für Code wie Qwen2.5-Coder verwenden oder suffix weglassen</translation>
    </message>
    <message>
        <source>Use a newer computer: Intel&apos;s processors since 2009 and AMD&apos;s since 2011 have them</source>
        <translation>Einen neueren Computer verwenden: Prozessoren von Intel seit 2009 und von AMD seit 2011 haben sie</translation>
    </message>
    <message>
        <source>Use create with from, or pull</source>
        <translation>create mit from oder pull verwenden</translation>
    </message>
    <message>
        <source>Use http://{own}:{port} in programs, or stop it</source>
        <translation>In Programmen http://{own}:{port} verwenden oder das andere Programm beenden</translation>
    </message>
    <message>
        <source>Use letters, digits, and . _ - : / after the first character</source>
        <translation>Buchstaben und Ziffern verwenden, nach dem ersten Zeichen auch . _ - : /</translation>
    </message>
    <message>
        <source>Use one of its models, or another key</source>
        <translation>Eines seiner Modelle oder einen anderen Schlüssel verwenden</translation>
    </message>
    <message>
        <source>Version {version} is available</source>
        <translation>Version {version} ist verfügbar</translation>
    </message>
    <message>
        <source>Wait for its requests, or end it at once: preheat quit --now</source>
        <translation>Auf seine Anfragen warten oder es sofort beenden: preheat quit --now</translation>
    </message>
    <message>
        <source>With sudo, the service would belong to another user</source>
        <translation>Mit sudo würde der Dienst einem anderen Benutzer gehören</translation>
    </message>
    <message>
        <source>Writing failed: {reason}</source>
        <translation>Das Schreiben ist fehlgeschlagen: {reason}</translation>
    </message>
    <message>
        <source>a list of obsidian, vscode, tauri, chrome-extensions, firefox-extensions, capacitor</source>
        <translation>eine Liste aus obsidian, vscode, tauri, chrome-extensions, firefox-extensions, capacitor</translation>
    </message>
    <message>
        <source>a list of origins such as https://example.org, app://obsidian.md or vscode-webview://*</source>
        <translation>eine Liste von Ursprüngen wie https://example.org, app://obsidian.md oder vscode-webview://*</translation>
    </message>
    <message>
        <source>context: it is not from an answer of Preheat</source>
        <translation>context: Der Wert stammt nicht aus einer Antwort von Preheat</translation>
    </message>
    <message>
        <source>dimensions: {model} was not trained for vectors shorter than {limit}</source>
        <translation>dimensions: {model} ist nicht für kürzere Vektoren als {limit} trainiert</translation>
    </message>
    <message>
        <source>docs/troubleshooting.md lists the system libraries that Qt needs</source>
        <translation>docs/troubleshooting.md nennt die Systembibliotheken, die Qt braucht</translation>
    </message>
    <message>
        <source>git pull, then make run</source>
        <translation>git pull, dann make run</translation>
    </message>
    <message>
        <source>keep_free is {keep:memory}, and there are only {total:memory}: no model can be loaded</source>
        <translation>keep_free ist {keep:memory}, und es gibt nur {total:memory}: Kein Modell lässt sich laden</translation>
    </message>
    <message>
        <source>llama.cpp is missing from this installation</source>
        <translation>In dieser Installation fehlt llama.cpp</translation>
    </message>
    <message>
        <source>llama.cpp uses its library for {variant}: the best one that runs here</source>
        <translation>llama.cpp verwendet seine Bibliothek für {variant}: die beste, die hier läuft</translation>
    </message>
    <message>
        <source>llama.cpp was built for this kind of processor alone, as pip does by default</source>
        <translation>llama.cpp wurde nur für diese Art von Prozessor gebaut, wie es pip standardmäßig tut</translation>
    </message>
    <message>
        <source>llama.cpp&apos;s file {file} does not work here: {reason}</source>
        <translation>Die Datei {file} von llama.cpp funktioniert hier nicht: {reason}</translation>
    </message>
    <message>
        <source>llama.cpp&apos;s file {file} is damaged or missing</source>
        <translation>Die Datei {file} von llama.cpp ist beschädigt oder fehlt</translation>
    </message>
    <message>
        <source>memory_limit is {limit:memory}, but there are only {total:memory}</source>
        <translation>memory_limit ist {limit:memory}, aber es gibt nur {total:memory}</translation>
    </message>
    <message>
        <source>of home folders, only ~/ is supported</source>
        <translation>nur ~/ steht für ein Home-Verzeichnis</translation>
    </message>
    <message>
        <source>other machines can reach it, and there is no API key: anyone on the network could use every model</source>
        <translation>andere Computer erreichen die Adresse, und es gibt keinen API-Schlüssel: Alle im Netzwerk könnten jedes Modell verwenden</translation>
    </message>
    <message>
        <source>other users can write to it</source>
        <translation>andere Benutzer können in ihn schreiben</translation>
    </message>
    <message>
        <source>over the memory limit</source>
        <translation>über der Speichergrenze</translation>
    </message>
    <message>
        <source>paused until you resume it</source>
        <translation>pausiert bis zum Fortsetzen</translation>
    </message>
    <message>
        <source>paused until {until}</source>
        <translation>pausiert bis {until}</translation>
    </message>
    <message>
        <source>pip install --upgrade preheat</source>
        <translation>pip install --upgrade preheat</translation>
    </message>
    <message>
        <source>pipx upgrade preheat</source>
        <translation>pipx upgrade preheat</translation>
    </message>
    <message>
        <source>planned</source>
        <translation>geplant</translation>
    </message>
    <message>
        <source>preheat doctor --bundle FILE</source>
        <translation>preheat doctor --bundle FILE</translation>
    </message>
    <message>
        <source>preheat downloads {action} ID; preheat downloads lists the ids</source>
        <translation>preheat downloads {action} ID; preheat downloads zeigt die IDs</translation>
    </message>
    <message>
        <source>preheat favourites --order A B, or preheat favourite A</source>
        <translation>preheat favourites --order A B oder preheat favourite A</translation>
    </message>
    <message>
        <source>preheat-server has no windows</source>
        <translation>preheat-server hat keine Fenster</translation>
    </message>
    <message>
        <source>preloading is off</source>
        <translation>Vorladen ist aus</translation>
    </message>
    <message>
        <source>programs still wait for memory now and then</source>
        <translation>Programme warten noch gelegentlich auf Speicher</translation>
    </message>
    <message>
        <source>programs waited for memory in {share:percent} of the last ten seconds</source>
        <translation>Programme warteten {share:percent} der letzten zehn Sekunden auf Speicher</translation>
    </message>
    <message>
        <source>requests in progress</source>
        <translation>Anfragen in Arbeit</translation>
    </message>
    <message>
        <source>requests that change it back would be larger</source>
        <translation>Anfragen, die das zurücknehmen, wären größer</translation>
    </message>
    <message>
        <source>running on battery</source>
        <translation>Akkubetrieb</translation>
    </message>
    <message>
        <source>sudo apt install {packages}</source>
        <translation>sudo apt install {packages}</translation>
    </message>
    <message>
        <source>systemd&apos;s manager of this user cannot be reached: {reason}</source>
        <translation>Die systemd-Verwaltung dieses Benutzers ist nicht erreichbar: {reason}</translation>
    </message>
    <message>
        <source>tables such as [models.&quot;qwen2.5-7b&quot;]</source>
        <translation>Tabellen wie [models.&quot;qwen2.5-7b&quot;]</translation>
    </message>
    <message>
        <source>the address is not https</source>
        <translation>die Adresse ist nicht https</translation>
    </message>
    <message>
        <source>there are too many redirects</source>
        <translation>die Adresse führt im Kreis</translation>
    </message>
    <message>
        <source>the answer is compressed</source>
        <translation>die Antwort ist komprimiert</translation>
    </message>
    <message>
        <source>This system has no file system in memory, so no prompts are kept</source>
        <translation>Dieses System hat kein Dateisystem im Arbeitsspeicher, daher werden keine Prompts gespeichert</translation>
    </message>
    <message>
        <source>with a seed, only what was computed in the same pieces is reused</source>
        <translation>mit einem Seed wird nur wiederverwendet, was in denselben Stücken berechnet wurde</translation>
    </message>
    <message>
        <source>Written for kept prompts today: {written:bytes} of {limit:bytes}</source>
        <translation>Heute für gespeicherte Prompts geschrieben: {written:bytes} von {limit:bytes}</translation>
    </message>
    <message>
        <source>--synthetic {user} chooses its own limits</source>
        <translation>--synthetic {user} wählt die Grenzen selbst</translation>
    </message>
    <message>
        <source>--synthetic {user} measures what comes after the first {days} days</source>
        <translation>--synthetic {user} misst, was nach den ersten {days} Tagen kommt</translation>
    </message>
    <message>
        <source>--tune learns from your own use</source>
        <translation>--tune lernt aus der eigenen Nutzung</translation>
    </message>
    <message>
        <source>1 model is ready</source>
        <translation>1 Modell ist bereit</translation>
    </message>
    <message>
        <source>A process that replays has failed: {reason}</source>
        <translation>Ein Prozess, der Nutzung nachspielt, ist fehlgeschlagen: {reason}</translation>
    </message>
    <message>
        <source>A program</source>
        <translation>Ein Programm</translation>
    </message>
    <message>
        <source>API documentation</source>
        <translation>API-Dokumentation</translation>
    </message>
    <message>
        <source>Accept them on {page}, then sign in with preheat hub login or set HF_TOKEN</source>
        <translation>Auf {page} annehmen, dann mit preheat hub login anmelden oder HF_TOKEN setzen</translation>
    </message>
    <message>
        <source>Add {needed}, or leave out the option</source>
        <translation>{needed} ergänzen oder die Option weglassen</translation>
    </message>
    <message>
        <source>Address already in use</source>
        <translation>Adresse wird bereits verwendet</translation>
    </message>
    <message>
        <source>All</source>
        <translation>Alle</translation>
    </message>
    <message>
        <source>Appears after the first request</source>
        <translation>Erscheint nach der ersten Anfrage</translation>
    </message>
    <message>
        <source>Broken pipe</source>
        <translation>Verbindung unterbrochen</translation>
    </message>
    <message>
        <source>Cached</source>
        <translation>Im Cache</translation>
    </message>
    <message>
        <source>Cannot allocate memory</source>
        <translation>Kein Speicher verfügbar</translation>
    </message>
    <message>
        <source>Cannot assign requested address</source>
        <translation>Adresse nicht verfügbar</translation>
    </message>
    <message>
        <source>Check the disk of the model&apos;s file, then try again</source>
        <translation>Den Datenträger der Modelldatei prüfen, dann erneut versuchen</translation>
    </message>
    <message>
        <source>Check the graphics card and its driver</source>
        <translation>Grafikkarte und Treiber prüfen</translation>
    </message>
    <message>
        <source>Check the spelling; if it is private, sign in with preheat hub login</source>
        <translation>Schreibweise prüfen; bei einem privaten mit preheat hub login anmelden</translation>
    </message>
    <message>
        <source>Choose one of these with &apos;preheat config set devices NAME&apos;, or set it to auto</source>
        <translation>Eines davon mit &apos;preheat config set devices NAME&apos; wählen, oder die Einstellung auf auto setzen</translation>
    </message>
    <message>
        <source>Choose the usage.db of a Preheat</source>
        <translation>Eine usage.db von Preheat wählen</translation>
    </message>
    <message>
        <source>Connected</source>
        <translation>Verbunden</translation>
    </message>
    <message>
        <source>Connecting</source>
        <translation>Verbindung wird hergestellt</translation>
    </message>
    <message>
        <source>Connection refused</source>
        <translation>Verbindung abgelehnt</translation>
    </message>
    <message>
        <source>Connection reset by peer</source>
        <translation>Verbindung von der Gegenseite getrennt</translation>
    </message>
    <message>
        <source>Connection timed out</source>
        <translation>Zeitüberschreitung der Verbindung</translation>
    </message>
    <message>
        <source>Continue</source>
        <translation>Weiter</translation>
    </message>
    <message>
        <source>Copy it from huggingface.co/settings/tokens; it begins with hf_</source>
        <translation>Auf huggingface.co/settings/tokens kopieren; es beginnt mit hf_</translation>
    </message>
    <message>
        <source>Device or resource busy</source>
        <translation>Gerät oder Datei in Gebrauch</translation>
    </message>
    <message>
        <source>Directory not empty</source>
        <translation>Ordner nicht leer</translation>
    </message>
    <message>
        <source>Disk quota exceeded</source>
        <translation>Kontingent des Datenträgers erschöpft</translation>
    </message>
    <message>
        <source>Downloading</source>
        <translation>Wird heruntergeladen</translation>
    </message>
    <message>
        <source>Downloads</source>
        <translation>Downloads</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <source>Favourite: {model}</source>
        <translation>Favorit: {model}</translation>
    </message>
    <message>
        <source>Favourites</source>
        <translation>Favoriten</translation>
    </message>
    <message>
        <source>Favourites without a file: {models:names}</source>
        <translation>Favoriten ohne Datei: {models:names}</translation>
    </message>
    <message>
        <source>Favourites without room</source>
        <translation>Favoriten ohne Platz</translation>
    </message>
    <message>
        <source>File exists</source>
        <translation>Datei existiert bereits</translation>
    </message>
    <message>
        <source>File name too long</source>
        <translation>Dateiname zu lang</translation>
    </message>
    <message>
        <source>File too large</source>
        <translation>Datei zu groß</translation>
    </message>
    <message>
        <source>Find a model</source>
        <translation>Modell suchen</translation>
    </message>
    <message>
        <source>Forget the key</source>
        <translation>Schlüssel vergessen</translation>
    </message>
    <message>
        <source>Fridays</source>
        <translation>freitags</translation>
    </message>
    <message>
        <source>Hugging Face asks for fewer requests</source>
        <translation>Hugging Face bittet um weniger Anfragen</translation>
    </message>
    <message>
        <source>Hugging Face does not accept the token</source>
        <translation>Hugging Face erkennt das Token nicht an</translation>
    </message>
    <message>
        <source>In memory</source>
        <translation>Im Speicher</translation>
    </message>
    <message>
        <source>Input/output error</source>
        <translation>Ein-/Ausgabefehler</translation>
    </message>
    <message>
        <source>Install the Vulkan driver of the graphics card</source>
        <translation>Den Vulkan-Treiber der Grafikkarte installieren</translation>
    </message>
    <message>
        <source>Install the driver of the graphics card</source>
        <translation>Den Treiber der Grafikkarte installieren</translation>
    </message>
    <message>
        <source>Install what it needs, or remove the file</source>
        <translation>Installieren, was sie braucht, oder die Datei entfernen</translation>
    </message>
    <message>
        <source>Invalid argument</source>
        <translation>Ungültiger Wert</translation>
    </message>
    <message>
        <source>Invalid cross-device link</source>
        <translation>Nicht auf demselben Datenträger</translation>
    </message>
    <message>
        <source>Is a directory</source>
        <translation>Es ist ein Ordner</translation>
    </message>
    <message>
        <source>Is it still running?</source>
        <translation>Läuft es noch?</translation>
    </message>
    <message>
        <source>It decodes {speed:count} tokens per second on {device}, and did {best:count} before</source>
        <translation>Es dekodiert auf {device} {speed:count} Token pro Sekunde, zuvor waren es {best:count}</translation>
    </message>
    <message>
        <source>It takes {least_weeks} weeks and {least_requests} requests; try later, and keep history_days long enough</source>
        <translation>Nötig sind {least_weeks} Wochen und {least_requests} Anfragen; später erneut versuchen und history_days groß genug lassen</translation>
    </message>
    <message>
        <source>Its file is in the system&apos;s cache, so that it loads quickly</source>
        <translation>Die Datei ist im Cache des Systems und lädt daher schnell</translation>
    </message>
    <message>
        <source>Key</source>
        <translation>Schlüssel</translation>
    </message>
    <message>
        <source>Leave out --synthetic, --limit and --csv</source>
        <translation>--synthetic, --limit und --csv weglassen</translation>
    </message>
    <message>
        <source>Limit {limit:memory}</source>
        <translation>Grenze {limit:memory}</translation>
    </message>
    <message>
        <source>Load</source>
        <translation>Laden</translation>
    </message>
    <message>
        <source>Loading</source>
        <translation>Wird geladen</translation>
    </message>
    <message>
        <source>Loading made no progress and was stopped</source>
        <translation>Das Laden kam nicht voran und wurde abgebrochen</translation>
    </message>
    <message>
        <source>Make one on the machine that runs Preheat. A key for “use” shows everything here and loads models; one for “manage” also unloads models, marks favourites and pauses.</source>
        <translation>Auf dem Rechner, auf dem Preheat läuft, lässt sich einer erstellen. Ein Schlüssel für „use“ zeigt hier alles und lädt Modelle; einer für „manage“ entlädt auch Modelle, markiert Favoriten und pausiert.</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Models run on the processor: {reason}</source>
        <translation>Modelle laufen auf dem Prozessor: {reason}</translation>
    </message>
    <message>
        <source>Models use {names:names}</source>
        <translation>Modelle nutzen {names:names}</translation>
    </message>
    <message>
        <source>Mondays</source>
        <translation>montags</translation>
    </message>
    <message>
        <source>Network is down</source>
        <translation>Netzwerk ist ausgefallen</translation>
    </message>
    <message>
        <source>Network is unreachable</source>
        <translation>Netzwerk nicht erreichbar</translation>
    </message>
    <message>
        <source>Next: {models:names}</source>
        <translation>Als Nächstes: {models:names}</translation>
    </message>
    <message>
        <source>No model matches</source>
        <translation>Kein Modell passt dazu</translation>
    </message>
    <message>
        <source>No models in memory</source>
        <translation>Keine Modelle im Speicher</translation>
    </message>
    <message>
        <source>No models loaded, nothing to preload</source>
        <translation>Keine Modelle geladen, nichts vorzuladen</translation>
    </message>
    <message>
        <source>No models yet. Download one: preheat pull smollm2</source>
        <translation>Noch keine Modelle. Eines herunterladen: preheat pull smollm2</translation>
    </message>
    <message>
        <source>No requests at the moment</source>
        <translation>Zurzeit keine Anfragen</translation>
    </message>
    <message>
        <source>No route to host</source>
        <translation>Rechner nicht erreichbar</translation>
    </message>
    <message>
        <source>No space left on device</source>
        <translation>Kein Platz auf dem Datenträger</translation>
    </message>
    <message>
        <source>No such device</source>
        <translation>Gerät nicht vorhanden</translation>
    </message>
    <message>
        <source>No such device or address</source>
        <translation>Gerät oder Adresse nicht vorhanden</translation>
    </message>
    <message>
        <source>No such file or directory</source>
        <translation>Datei oder Ordner nicht vorhanden</translation>
    </message>
    <message>
        <source>Not a directory</source>
        <translation>Es ist kein Ordner</translation>
    </message>
    <message>
        <source>Not connected. Trying again</source>
        <translation>Nicht verbunden. Neuer Versuch läuft</translation>
    </message>
    <message>
        <source>Not connected. Trying again in {duration:duration}</source>
        <translation>Nicht verbunden. Neuer Versuch in {duration:duration}</translation>
    </message>
    <message>
        <source>Not loaded</source>
        <translation>Nicht geladen</translation>
    </message>
    <message>
        <source>Now</source>
        <translation>Jetzt</translation>
    </message>
    <message>
        <source>Operation not permitted</source>
        <translation>Nicht erlaubt</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pausieren</translation>
    </message>
    <message>
        <source>Pause for 1 hour</source>
        <translation>1 Stunde pausieren</translation>
    </message>
    <message>
        <source>Pause preloading</source>
        <translation>Vorladen pausieren</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Angehalten</translation>
    </message>
    <message>
        <source>Permission denied</source>
        <translation>Keine Berechtigung</translation>
    </message>
    <message>
        <source>Preheat does not answer</source>
        <translation>Preheat antwortet nicht</translation>
    </message>
    <message>
        <source>Preheat does not know this key</source>
        <translation>Preheat kennt diesen Schlüssel nicht</translation>
    </message>
    <message>
        <source>Preheat quit. It is shown again as soon as it runs</source>
        <translation>Preheat wurde beendet. Es wird wieder angezeigt, sobald es läuft</translation>
    </message>
    <message>
        <source>Preheat refuses this page: {reason}</source>
        <translation>Preheat lehnt diese Seite ab: {reason}</translation>
    </message>
    <message>
        <source>Preloading is off</source>
        <translation>Das Vorladen ist aus</translation>
    </message>
    <message>
        <source>Preloading is paused until you resume it</source>
        <translation>Das Vorladen pausiert, bis es fortgesetzt wird</translation>
    </message>
    <message>
        <source>Preloading is paused until {time}</source>
        <translation>Das Vorladen pausiert bis {time}</translation>
    </message>
    <message>
        <source>Preloading waits: {reason}</source>
        <translation>Das Vorladen wartet: {reason}</translation>
    </message>
    <message>
        <source>Prompt tokens reused</source>
        <translation>Prompt-Token wiederverwendet</translation>
    </message>
    <message>
        <source>Queued</source>
        <translation>In der Warteschlange</translation>
    </message>
    <message>
        <source>Raise device_memory_limit, lower context_length or gpu_layers, or choose a smaller quantization</source>
        <translation>device_memory_limit erhöhen, context_length oder gpu_layers senken oder eine kleinere Quantisierung wählen</translation>
    </message>
    <message>
        <source>Raise device_memory_limit, or drop a favourite</source>
        <translation>device_memory_limit erhöhen oder einen Favoriten entfernen</translation>
    </message>
    <message>
        <source>Raise device_memory_limit, or lower context_length</source>
        <translation>device_memory_limit erhöhen oder context_length senken</translation>
    </message>
    <message>
        <source>Raise the priority in the setting access or of the key, raise memory_limit, or choose a smaller quantization</source>
        <translation>Den Vorrang in der Einstellung access oder beim Schlüssel erhöhen, memory_limit erhöhen oder eine kleinere Quantisierung wählen</translation>
    </message>
    <message>
        <source>Read-only file system</source>
        <translation>Datenträger nur lesbar</translation>
    </message>
    <message>
        <source>Reading the prompt</source>
        <translation>Liest den Prompt</translation>
    </message>
    <message>
        <source>Ready</source>
        <translation>Bereit</translation>
    </message>
    <message>
        <source>Replay fewer users with --users; see whether memory is left</source>
        <translation>Mit --users weniger Benutzer nachspielen; prüfen, ob Speicher frei ist</translation>
    </message>
    <message>
        <source>Requests</source>
        <translation>Anfragen</translation>
    </message>
    <message>
        <source>Requests that found their model ready</source>
        <translation>Anfragen, deren Modell bereit war</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>Resume preloading</source>
        <translation>Vorladen fortsetzen</translation>
    </message>
    <message>
        <source>Saturdays</source>
        <translation>samstags</translation>
    </message>
    <message>
        <source>Set HF_TOKEN instead</source>
        <translation>Stattdessen HF_TOKEN setzen</translation>
    </message>
    <message>
        <source>Set HF_TOKEN, or install the package keyring</source>
        <translation>HF_TOKEN setzen, oder das Paket keyring installieren</translation>
    </message>
    <message>
        <source>Shorten the prompt, close other programs, or use a smaller model</source>
        <translation>Prompt kürzen, andere Programme beenden oder ein kleineres Modell verwenden</translation>
    </message>
    <message>
        <source>Shorten the prompt, or use a model that was trained for more</source>
        <translation>Prompt kürzen oder ein Modell verwenden, das für mehr trainiert wurde</translation>
    </message>
    <message>
        <source>Shorten the prompt, raise memory_limit, have fewer favourites, or use a smaller model</source>
        <translation>Prompt kürzen, memory_limit erhöhen, weniger Favoriten wählen oder ein kleineres Modell verwenden</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Anzeigen</translation>
    </message>
    <message>
        <source>Sign in again</source>
        <translation>Erneut anmelden</translation>
    </message>
    <message>
        <source>Sign in again with preheat hub login, or correct HF_TOKEN</source>
        <translation>Mit preheat hub login erneut anmelden, oder HF_TOKEN berichtigen</translation>
    </message>
    <message>
        <source>Since the start</source>
        <translation>Seit dem Start</translation>
    </message>
    <message>
        <source>Skip to the models</source>
        <translation>Zu den Modellen springen</translation>
    </message>
    <message>
        <source>Software caused connection abort</source>
        <translation>Verbindung abgebrochen</translation>
    </message>
    <message>
        <source>Stale file handle</source>
        <translation>Datei auf dem Server nicht mehr vorhanden</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Sundays</source>
        <translation>sonntags</translation>
    </message>
    <message>
        <source>Text file busy</source>
        <translation>Programmdatei in Gebrauch</translation>
    </message>
    <message>
        <source>That did not work</source>
        <translation>Das hat nicht funktioniert</translation>
    </message>
    <message>
        <source>The download of {file} is damaged: its checksum (sha256) is wrong</source>
        <translation>Der Download von {file} ist beschädigt: Die Prüfsumme (sha256) stimmt nicht</translation>
    </message>
    <message>
        <source>The driver may have moved it to the system&apos;s memory: unload another model, or close programs that use the GPU</source>
        <translation>Der Treiber hat es vielleicht in den Arbeitsspeicher verlagert: ein anderes Modell entladen oder Programme schließen, die die Grafikkarte nutzen</translation>
    </message>
    <message>
        <source>The engine stopped</source>
        <translation>Die Engine läuft nicht mehr</translation>
    </message>
    <message>
        <source>The engine stopped unexpectedly: {reason}</source>
        <translation>Die Engine wurde unerwartet beendet: {reason}</translation>
    </message>
    <message>
        <source>The key stays in this browser tab and is gone when you close it.</source>
        <translation>Der Schlüssel bleibt in diesem Tab und ist weg, sobald der Tab geschlossen wird.</translation>
    </message>
    <message>
        <source>The model crashed while loading: {reason}</source>
        <translation>Das Modell ist beim Laden abgestürzt: {reason}</translation>
    </message>
    <message>
        <source>The model crashed, possibly out of memory</source>
        <translation>Das Modell ist abgestürzt, vielleicht aus Speichermangel</translation>
    </message>
    <message>
        <source>The model crashed: {reason}</source>
        <translation>Das Modell ist abgestürzt: {reason}</translation>
    </message>
    <message>
        <source>The model stopped responding and was ended</source>
        <translation>Das Modell reagierte nicht mehr und wurde beendet</translation>
    </message>
    <message>
        <source>The prompt has {tokens} tokens, and this model&apos;s context length is {limit} tokens, prompt and completion together; with room for it, the model would need {needed:memory}, more than the memory limit leaves beside the favourites</source>
        <translation>Der Prompt hat {tokens} Token, und die Kontextlänge dieses Modells ist {limit} Token, Prompt und Antwort zusammen; mit Platz dafür bräuchte das Modell {needed:memory}, mehr als die Speichergrenze neben den Favoriten lässt</translation>
    </message>
    <message>
        <source>The prompt has {tokens} tokens, and this model&apos;s context length is {limit} tokens, prompt and completion together; with room for it, the model would need {needed:memory}, which was not free when it was loaded</source>
        <translation>Der Prompt hat {tokens} Token; die Kontextlänge dieses Modells ist {limit} Token, Prompt und Antwort zusammen; mit Platz dafür bräuchte das Modell {needed:memory}, was beim Laden nicht frei war</translation>
    </message>
    <message>
        <source>The setting access does not let the API key {name} use the model {model}; it may use {models:names}</source>
        <translation>Nach der Einstellung access darf der API-Schlüssel {name} das Modell {model} nicht verwenden; er darf {models:names} verwenden</translation>
    </message>
    <message>
        <source>The setting access does not let the program {name} use the model {model}; it may use {models:names}</source>
        <translation>Nach der Einstellung access darf das Programm {name} das Modell {model} nicht verwenden; es darf {models:names} verwenden</translation>
    </message>
    <message>
        <source>The system&apos;s keyring does not answer ({reason})</source>
        <translation>Der Schlüsselbund des Systems antwortet nicht ({reason})</translation>
    </message>
    <message>
        <source>The system&apos;s keyring is locked</source>
        <translation>Der Schlüsselbund des Systems ist gesperrt</translation>
    </message>
    <message>
        <source>The system&apos;s keyring no longer has the token for Hugging Face</source>
        <translation>Der Schlüsselbund des Systems enthält das Token für Hugging Face nicht mehr</translation>
    </message>
    <message>
        <source>There is too little use to tune settings: {weeks} weeks and {requests} requests after the first week</source>
        <translation>Für das Abstimmen von Einstellungen ist zu wenig Nutzung aufgezeichnet: {weeks} Wochen und {requests} Anfragen nach der ersten Woche</translation>
    </message>
    <message>
        <source>These are: {known:names}</source>
        <translation>Es gibt: {known:names}</translation>
    </message>
    <message>
        <source>This Preheat needs a key</source>
        <translation>Dieses Preheat verlangt einen Schlüssel</translation>
    </message>
    <message>
        <source>This download has not ended</source>
        <translation>Dieser Download läuft noch</translation>
    </message>
    <message>
        <source>This installation has no access to the system&apos;s keyring</source>
        <translation>Diese Installation hat keinen Zugang zum Schlüsselbund des Systems</translation>
    </message>
    <message>
        <source>This is not a token of Hugging Face</source>
        <translation>Das ist kein Token von Hugging Face</translation>
    </message>
    <message>
        <source>This key may look, but not change anything</source>
        <translation>Dieser Schlüssel darf ansehen, aber nichts ändern</translation>
    </message>
    <message>
        <source>This page may load models, but not unload them, mark favourites or pause</source>
        <translation>Diese Seite darf Modelle laden, aber nicht entladen, keine Favoriten markieren und nicht pausieren</translation>
    </message>
    <message>
        <source>This page needs JavaScript. The same is at /openapi.json, as data.</source>
        <translation>Diese Seite benötigt JavaScript. Dasselbe steht als Daten unter /openapi.json.</translation>
    </message>
    <message>
        <source>This page needs JavaScript. Without it, the preheat command shows the same.</source>
        <translation>Diese Seite benötigt JavaScript. Ohne JavaScript zeigt der Befehl preheat dasselbe.</translation>
    </message>
    <message>
        <source>This system has no keyring that protects passwords</source>
        <translation>Dieses System hat keinen Schlüsselbund, der Passwörter schützt</translation>
    </message>
    <message>
        <source>Thursdays</source>
        <translation>donnerstags</translation>
    </message>
    <message>
        <source>Too many levels of symbolic links</source>
        <translation>Zu viele verschachtelte Links</translation>
    </message>
    <message>
        <source>Too many open files</source>
        <translation>Zu viele offene Dateien</translation>
    </message>
    <message>
        <source>Too many open files in system</source>
        <translation>Zu viele offene Dateien im System</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Erneut versuchen</translation>
    </message>
    <message>
        <source>Try again in {wait:duration}</source>
        <translation>In {wait:duration} erneut versuchen</translation>
    </message>
    <message>
        <source>Try again later; a token (preheat hub login) raises the limit</source>
        <translation>Später erneut versuchen; ein Token (preheat hub login) erhöht die Grenze</translation>
    </message>
    <message>
        <source>Try again; if that fails too, contact the publisher. The damaged file was kept as {kept_as}</source>
        <translation>Erneut versuchen; hilft das nicht, den Herausgeber fragen. Die beschädigte Datei liegt unter {kept_as}</translation>
    </message>
    <message>
        <source>Try again; this loads the model again</source>
        <translation>Erneut versuchen; das lädt das Modell neu</translation>
    </message>
    <message>
        <source>Try now</source>
        <translation>Jetzt versuchen</translation>
    </message>
    <message>
        <source>Tuesdays</source>
        <translation>dienstags</translation>
    </message>
    <message>
        <source>Unload</source>
        <translation>Entladen</translation>
    </message>
    <message>
        <source>Unloading</source>
        <translation>Wird entladen</translation>
    </message>
    <message>
        <source>Unlock it to use the token for Hugging Face</source>
        <translation>Ihn entsperren, um das Token für Hugging Face zu benutzen</translation>
    </message>
    <message>
        <source>Unlock it, or set HF_TOKEN</source>
        <translation>Ihn entsperren, oder HF_TOKEN setzen</translation>
    </message>
    <message>
        <source>Unset it, or set it to numbers of Vulkan&apos;s devices, from 0 on</source>
        <translation>Die Variable entfernen oder auf Nummern von Vulkans Geräten setzen, ab 0</translation>
    </message>
    <message>
        <source>Update the driver of the graphics card</source>
        <translation>Den Treiber der Grafikkarte aktualisieren</translation>
    </message>
    <message>
        <source>Update the driver of the graphics card, or remove the file</source>
        <translation>Den Treiber der Grafikkarte aktualisieren oder die Datei entfernen</translation>
    </message>
    <message>
        <source>Update the driver of the graphics card, or set devices to cpu</source>
        <translation>Den Treiber der Grafikkarte aktualisieren oder devices auf cpu setzen</translation>
    </message>
    <message>
        <source>Use more with --days</source>
        <translation>Mit --days mehr angeben</translation>
    </message>
    <message>
        <source>Use one of these models, or change the rule in the setting access</source>
        <translation>Eines dieser Modelle verwenden oder die Regel in der Einstellung access ändern</translation>
    </message>
    <message>
        <source>Verifying</source>
        <translation>Wird geprüft</translation>
    </message>
    <message>
        <source>Waiting for disk space</source>
        <translation>Wartet auf Speicherplatz</translation>
    </message>
    <message>
        <source>Waiting for the model</source>
        <translation>Wartet auf das Modell</translation>
    </message>
    <message>
        <source>Waiting saved</source>
        <translation>Wartezeit gespart</translation>
    </message>
    <message>
        <source>Wednesdays</source>
        <translation>mittwochs</translation>
    </message>
    <message>
        <source>Why?</source>
        <translation>Warum?</translation>
    </message>
    <message>
        <source>Your models, ready before you ask</source>
        <translation>Modelle, die bereit sind, bevor gefragt wird</translation>
    </message>
    <message>
        <source>a list of names of devices, cpu, or auto</source>
        <translation>eine Liste von Gerätenamen, cpu oder auto</translation>
    </message>
    <message>
        <source>a list of rules such as &apos;program VS Code*; smollm2* minilm*; low&apos; or &apos;key notes; *&apos;</source>
        <translation>eine Liste von Regeln wie &apos;program VS Code*; smollm2* minilm*; low&apos; oder &apos;key notes; *&apos;</translation>
    </message>
    <message>
        <source>a request needed it</source>
        <translation>eine Anfrage brauchte so viel</translation>
    </message>
    <message>
        <source>a request needs more context; it is loaded again with that</source>
        <translation>eine Anfrage braucht mehr Kontext; es wird damit neu geladen</translation>
    </message>
    <message>
        <source>a second worker with the model&apos;s other form could not take over: {reason}</source>
        <translation>ein zweiter Prozess mit der anderen Form des Modells konnte nicht übernehmen: {reason}</translation>
    </message>
    <message>
        <source>a share makes no sense here</source>
        <translation>ein Anteil ist hier nicht möglich</translation>
    </message>
    <message>
        <source>a size such as 20GB, 0, or a share of the free disk space such as 5%</source>
        <translation>eine Größe wie 20GB, 0 oder ein Anteil des freien Speicherplatzes wie 5%</translation>
    </message>
    <message>
        <source>a size such as 40GB, or 0</source>
        <translation>eine Größe wie 40GB oder 0</translation>
    </message>
    <message>
        <source>a size such as 6GiB, or a share of the card&apos;s memory such as 80%</source>
        <translation>eine Größe wie 6GiB oder ein Anteil am Speicher der Karte wie 80%</translation>
    </message>
    <message>
        <source>about {duration:duration} left</source>
        <translation>noch etwa {duration:duration}</translation>
    </message>
    <message>
        <source>all layers are in RAM, as the setting gpu_layers says</source>
        <translation>alle Schichten sind im RAM, wie in der Einstellung gpu_layers angegeben</translation>
    </message>
    <message>
        <source>all layers are in RAM: no device is in use</source>
        <translation>alle Schichten sind im RAM: kein Gerät wird verwendet</translation>
    </message>
    <message>
        <source>all {layers:count} layers are on {devices:names}</source>
        <translation>alle {layers:count} Schichten sind auf {devices:names}</translation>
    </message>
    <message>
        <source>all {layers:count} layers are on {devices:names}, but the experts of {experts:count} in RAM</source>
        <translation>alle {layers:count} Schichten sind auf {devices:names}, aber die Experten von {experts:count} im RAM</translation>
    </message>
    <message>
        <source>almost certain to be next</source>
        <translation>fast sicher das nächste</translation>
    </message>
    <message>
        <source>an app asked for its details</source>
        <translation>eine App hat nach seinen Angaben gefragt</translation>
    </message>
    <message>
        <source>and {count:count} more</source>
        <translation>und {count:count} weitere</translation>
    </message>
    <message>
        <source>another program is changing it</source>
        <translation>ein anderes Programm ändert sie gerade</translation>
    </message>
    <message>
        <source>as before</source>
        <translation>wie bisher</translation>
    </message>
    <message>
        <source>as much as it was trained for</source>
        <translation>so viel, wie es trainiert wurde</translation>
    </message>
    <message>
        <source>as set</source>
        <translation>so eingestellt</translation>
    </message>
    <message>
        <source>context {tokens:count}</source>
        <translation>Kontext {tokens:count}</translation>
    </message>
    <message>
        <source>embeddings</source>
        <translation>Embeddings</translation>
    </message>
    <message>
        <source>fits if others leave</source>
        <translation>passt, wenn andere weichen</translation>
    </message>
    <message>
        <source>fits now</source>
        <translation>passt jetzt</translation>
    </message>
    <message>
        <source>gave up its repacked weights to make room for {model}</source>
        <translation>gab seine umgeordneten Gewichte auf, um Platz für {model} zu machen</translation>
    </message>
    <message>
        <source>it crashes: {reason}</source>
        <translation>Absturz: {reason}</translation>
    </message>
    <message>
        <source>it decodes at {decode:percent} of the processor&apos;s speed, and prefills at {prefill:percent}</source>
        <translation>es dekodiert mit {decode:percent} der Geschwindigkeit des Prozessors und liest Eingaben mit {prefill:percent}</translation>
    </message>
    <message>
        <source>it decodes at {share:percent} of the processor&apos;s speed</source>
        <translation>es dekodiert mit {share:percent} der Geschwindigkeit des Prozessors</translation>
    </message>
    <message>
        <source>it grows once a request needs more</source>
        <translation>sie wächst, sobald eine Anfrage mehr braucht</translation>
    </message>
    <message>
        <source>it has memory of its own</source>
        <translation>es hat eigenen Speicher</translation>
    </message>
    <message>
        <source>it helps the processor by itself, and holds no models</source>
        <translation>es hilft dem Prozessor von selbst und nimmt keine Modelle auf</translation>
    </message>
    <message>
        <source>it is not a regular file</source>
        <translation>es ist keine gewöhnliche Datei</translation>
    </message>
    <message>
        <source>it is the only kind of GPU here</source>
        <translation>eine andere Art von GPU gibt es hier nicht</translation>
    </message>
    <message>
        <source>it is the same device as {name}, through another library</source>
        <translation>es ist dasselbe Gerät wie {name}, über eine andere Bibliothek</translation>
    </message>
    <message>
        <source>it only imitates a GPU on the processor, which is slower than the processor itself</source>
        <translation>es ahmt auf dem Prozessor eine GPU nur nach, was langsamer ist als der Prozessor selbst</translation>
    </message>
    <message>
        <source>it prefills at {share:percent} of the processor&apos;s speed</source>
        <translation>es liest Eingaben mit {share:percent} der Geschwindigkeit des Prozessors</translation>
    </message>
    <message>
        <source>it ran out of memory</source>
        <translation>der Speicher reichte nicht</translation>
    </message>
    <message>
        <source>it shares the processor&apos;s memory, and was not measured against the processor yet</source>
        <translation>es teilt sich den Speicher mit dem Prozessor und wurde noch nicht mit ihm verglichen</translation>
    </message>
    <message>
        <source>it shares the processor&apos;s memory, and {other} has its own</source>
        <translation>es teilt den Speicher des Prozessors, und {other} hat eigenen</translation>
    </message>
    <message>
        <source>it stopped responding and was ended</source>
        <translation>es reagierte nicht mehr und wurde beendet</translation>
    </message>
    <message>
        <source>it was just chosen</source>
        <translation>es wurde gerade ausgewählt</translation>
    </message>
    <message>
        <source>it was killed, possibly out of memory</source>
        <translation>es wurde vom System beendet, vielleicht aus Speichermangel</translation>
    </message>
    <message>
        <source>it was on a GPU, which may sleep on battery</source>
        <translation>es war auf einer Grafikkarte, die im Akkubetrieb ruhen darf</translation>
    </message>
    <message>
        <source>its file is gone</source>
        <translation>die Datei ist weg</translation>
    </message>
    <message>
        <source>its file was replaced; it is loaded again when needed</source>
        <translation>seine Datei wurde ersetzt; bei Bedarf wird es neu geladen</translation>
    </message>
    <message>
        <source>its process ended</source>
        <translation>sein Prozess wurde beendet</translation>
    </message>
    <message>
        <source>its settings changed; it is loaded again when needed</source>
        <translation>seine Einstellungen wurden geändert; bei Bedarf wird es neu geladen</translation>
    </message>
    <message>
        <source>its weights are being repacked or mapped again in the background</source>
        <translation>seine Gewichte werden im Hintergrund umgeordnet oder wieder eingeblendet</translation>
    </message>
    <message>
        <source>its weights are not repacked: it is used too little</source>
        <translation>seine Gewichte werden nicht umgeordnet: es wird zu wenig genutzt</translation>
    </message>
    <message>
        <source>its weights are not repacked: that decodes at most {gain:percent} faster on this processor</source>
        <translation>seine Gewichte werden nicht umgeordnet: Auf diesem Prozessor wäre die Ausgabe höchstens {gain:percent} schneller</translation>
    </message>
    <message>
        <source>its weights are not repacked: that needs {missing:memory} more than is free</source>
        <translation>seine Gewichte werden nicht umgeordnet: Dafür fehlen {missing:memory} freier Speicher</translation>
    </message>
    <message>
        <source>its weights are repacked</source>
        <translation>seine Gewichte sind umgeordnet</translation>
    </message>
    <message>
        <source>its weights are repacked, which decodes up to {gain:percent} faster and takes {extra:memory} more</source>
        <translation>seine Gewichte sind umgeordnet: Die Ausgabe ist bis zu {gain:percent} schneller und braucht {extra:memory} mehr</translation>
    </message>
    <message>
        <source>its weights are {form} in {pause:duration} at the earliest: {reason}</source>
        <translation>seine Gewichte werden frühestens in {pause:duration} {form}: {reason}</translation>
    </message>
    <message>
        <source>its weights are {form} later: {reason}; now {hold}</source>
        <translation>seine Gewichte werden später {form}: {reason}; derzeit: {hold}</translation>
    </message>
    <message>
        <source>its weights are {form} once it has rested: {reason}</source>
        <translation>seine Gewichte werden {form}, sobald es geruht hat: {reason}</translation>
    </message>
    <message>
        <source>just now</source>
        <translation>gerade eben</translation>
    </message>
    <message>
        <source>last used {idle_s:duration} ago</source>
        <translation>zuletzt vor {idle_s:duration} genutzt</translation>
    </message>
    <message>
        <source>little more than keep_free ({keep_free:memory}) is free</source>
        <translation>kaum mehr als keep_free ({keep_free:memory}) ist frei</translation>
    </message>
    <message>
        <source>llama.cpp does not say what the model takes</source>
        <translation>llama.cpp sagt nicht, was das Modell belegt</translation>
    </message>
    <message>
        <source>llama.cpp&apos;s file {file} is damaged</source>
        <translation>Die Datei {file} von llama.cpp ist beschädigt</translation>
    </message>
    <message>
        <source>made room for {model}, which a request is waiting for</source>
        <translation>machte Platz für {model}, auf das eine Anfrage wartet</translation>
    </message>
    <message>
        <source>mapped</source>
        <translation>eingeblendet</translation>
    </message>
    <message>
        <source>more would exceed the memory limit</source>
        <translation>mehr würde die Speichergrenze überschreiten</translation>
    </message>
    <message>
        <source>more would leave too little memory for other models that are used much</source>
        <translation>mehr ließe anderen viel genutzten Modellen zu wenig Speicher</translation>
    </message>
    <message>
        <source>more would leave too little memory for the favourites</source>
        <translation>mehr ließe den Favoriten zu wenig Speicher</translation>
    </message>
    <message>
        <source>needs {missing:memory} more than the limit of {device} ({reason})</source>
        <translation>braucht {missing:memory} mehr als die Grenze von {device} ({reason})</translation>
    </message>
    <message>
        <source>needs {missing:memory} more than the memory limit ({reason})</source>
        <translation>braucht {missing:memory} mehr, als die Speichergrenze erlaubt ({reason})</translation>
    </message>
    <message>
        <source>needs {size:memory}</source>
        <translation>benötigt {size:memory}</translation>
    </message>
    <message>
        <source>no GPU was found</source>
        <translation>es wurde keine GPU gefunden</translation>
    </message>
    <message>
        <source>no Vulkan driver finds a device</source>
        <translation>kein Vulkan-Treiber findet ein Gerät</translation>
    </message>
    <message>
        <source>no answer within {limit:duration}</source>
        <translation>keine Antwort innerhalb von {limit:duration}</translation>
    </message>
    <message>
        <source>no layers are on {device}: the fewest take {needed:bytes} with their buffers, and favourites leave {limit:bytes}</source>
        <translation>keine Schichten sind auf {device}: die wenigsten belegen mit ihren Puffern {needed:bytes}, und Favoriten lassen {limit:bytes} frei</translation>
    </message>
    <message>
        <source>not in memory: it was unloaded by hand, and is preloaded again after its next use</source>
        <translation>nicht im Speicher: von Hand entladen; nach der nächsten Nutzung wird es wieder vorgeladen</translation>
    </message>
    <message>
        <source>not preloaded for another {wait_s:duration}, since its last preload failed</source>
        <translation>wird noch {wait_s:duration} lang nicht vorgeladen, da das letzte Vorladen fehlgeschlagen ist</translation>
    </message>
    <message>
        <source>not preloaded: only favourites are preloaded ({reason})</source>
        <translation>nicht vorgeladen: nur Favoriten werden vorgeladen ({reason})</translation>
    </message>
    <message>
        <source>not preloaded: unlikely to be needed next ({reason})</source>
        <translation>nicht vorgeladen: wird wohl nicht als Nächstes gebraucht ({reason})</translation>
    </message>
    <message>
        <source>used after a break of more than {pause_s:duration}</source>
        <translation>nach einer Pause von mehr als {pause_s:duration} genutzt</translation>
    </message>
    <message>
        <source>used after {first} and then {second}</source>
        <translation>nach {first} und dann {second} genutzt</translation>
    </message>
    <message>
        <source>used after {model}</source>
        <translation>nach {model} genutzt</translation>
    </message>
    <message>
        <source>used between other models</source>
        <translation>zwischen anderen Modellen genutzt</translation>
    </message>
    <message>
        <source>used on weekdays around {hour}:00</source>
        <translation>werktags gegen {hour} Uhr genutzt</translation>
    </message>
    <message>
        <source>used on weekends around {hour}:00</source>
        <translation>am Wochenende gegen {hour} Uhr genutzt</translation>
    </message>
    <message>
        <source>used on {day} from {hour}:00 to {end}:00</source>
        <translation>{day} von {hour} bis {end} Uhr genutzt</translation>
    </message>
    <message>
        <source>only {available:memory} of memory is free, less than keep_free ({keep_free:memory})</source>
        <translation>nur {available:memory} Speicher sind frei, weniger als keep_free ({keep_free:memory})</translation>
    </message>
    <message>
        <source>only {available:memory} of the control group&apos;s memory is free, less than keep_free ({keep_free:memory})</source>
        <translation>nur {available:memory} Speicher der Control-Group sind frei, weniger als keep_free ({keep_free:memory})</translation>
    </message>
    <message>
        <source>other programs keep the processor too busy to measure its speed</source>
        <translation>andere Programme lasten den Prozessor zu sehr aus, um seine Geschwindigkeit zu messen</translation>
    </message>
    <message>
        <source>other programs use the processor</source>
        <translation>andere Programme nutzen den Prozessor</translation>
    </message>
    <message>
        <source>repack is off</source>
        <translation>repack ist aus</translation>
    </message>
    <message>
        <source>repack is on</source>
        <translation>repack ist an</translation>
    </message>
    <message>
        <source>repacked</source>
        <translation>umgeordnet</translation>
    </message>
    <message>
        <source>repacked weights decode at most {gain:percent} faster on this processor</source>
        <translation>umgeordnete Gewichte machen die Ausgabe auf diesem Prozessor höchstens {gain:percent} schneller</translation>
    </message>
    <message>
        <source>repacked weights decode up to {gain:percent} faster on this processor</source>
        <translation>umgeordnete Gewichte machen die Ausgabe auf diesem Prozessor bis zu {gain:percent} schneller</translation>
    </message>
    <message>
        <source>the Vulkan loader is not installed</source>
        <translation>der Vulkan-Loader ist nicht installiert</translation>
    </message>
    <message>
        <source>the answer is too large</source>
        <translation>die Antwort ist zu groß</translation>
    </message>
    <message>
        <source>the answer took too long</source>
        <translation>die Antwort dauerte zu lange</translation>
    </message>
    <message>
        <source>the copy differs from the original</source>
        <translation>die Kopie weicht vom Original ab</translation>
    </message>
    <message>
        <source>the dense parts of all {layers:count} layers are on {devices:names}, experts in RAM</source>
        <translation>die dichten Teile aller {layers:count} Schichten sind auf {devices:names}, Experten im RAM</translation>
    </message>
    <message>
        <source>the dense parts of {count:count} of {layers:count} layers are on {devices:names}, experts and the others in RAM</source>
        <translation>die dichten Teile von {count:count} von {layers:count} Schichten sind auf {devices:names}, Experten und die übrigen im RAM</translation>
    </message>
    <message>
        <source>the device {device} is not there any more</source>
        <translation>das Gerät {device} ist nicht mehr da</translation>
    </message>
    <message>
        <source>the file has changed</source>
        <translation>die Datei hat sich geändert</translation>
    </message>
    <message>
        <source>the file is not a usage log</source>
        <translation>die Datei ist kein Nutzungsprotokoll</translation>
    </message>
    <message>
        <source>the folder belongs to another user</source>
        <translation>der Ordner gehört einem anderen Benutzer</translation>
    </message>
    <message>
        <source>the key {key} claims {count:,} strings</source>
        <translation>der Schlüssel {key} nennt {count:,} Texte</translation>
    </message>
    <message>
        <source>the key {key} has the unknown type {type}</source>
        <translation>der Schlüssel {key} hat den unbekannten Typ {type}</translation>
    </message>
    <message>
        <source>the key {key} holds an array of arrays</source>
        <translation>der Schlüssel {key} enthält ein Array von Arrays</translation>
    </message>
    <message>
        <source>the key {key} holds an array of the unknown type {type}</source>
        <translation>der Schlüssel {key} enthält ein Array des unbekannten Typs {type}</translation>
    </message>
    <message>
        <source>the machine runs on battery, and gpu_on_battery is off</source>
        <translation>der Rechner läuft im Akkubetrieb, und gpu_on_battery ist aus</translation>
    </message>
    <message>
        <source>the memory limit is {limit:memory} now</source>
        <translation>die Speichergrenze ist jetzt {limit:memory}</translation>
    </message>
    <message>
        <source>the rows of the tensor {tensor} are not whole {type} blocks</source>
        <translation>die Zeilen des Tensors {tensor} bestehen nicht aus ganzen {type}-Blöcken</translation>
    </message>
    <message>
        <source>the server answered with status {status}</source>
        <translation>der Server antwortete mit Status {status}</translation>
    </message>
    <message>
        <source>the setting devices is cpu</source>
        <translation>die Einstellung devices ist cpu</translation>
    </message>
    <message>
        <source>the setting devices names it ({name})</source>
        <translation>die Einstellung devices nennt es ({name})</translation>
    </message>
    <message>
        <source>the setting devices names others</source>
        <translation>die Einstellung devices nennt andere</translation>
    </message>
    <message>
        <source>the setting devices names {name}, which is not here; there are: {names:names}</source>
        <translation>die Einstellung devices nennt {name}, was es hier nicht gibt; es gibt: {names:names}</translation>
    </message>
    <message>
        <source>the smallest available</source>
        <translation>die kleinste verfügbare</translation>
    </message>
    <message>
        <source>the system reports that memory is short</source>
        <translation>das System meldet Speichermangel</translation>
    </message>
    <message>
        <source>the tensor {tensor} claims {count:.3g} elements</source>
        <translation>der Tensor {tensor} nennt {count:.3g} Elemente</translation>
    </message>
    <message>
        <source>the tensor {tensor} has {count:,} dimensions</source>
        <translation>der Tensor {tensor} hat {count:,} Dimensionen</translation>
    </message>
    <message>
        <source>the tensor {tensor} is at {offset:,} instead of {expected:,}</source>
        <translation>der Tensor {tensor} liegt bei {offset:,} statt {expected:,}</translation>
    </message>
    <message>
        <source>the unit {unit} is unknown</source>
        <translation>die Einheit {unit} ist unbekannt</translation>
    </message>
    <message>
        <source>the usage log is still empty</source>
        <translation>das Nutzungsprotokoll ist noch leer</translation>
    </message>
    <message>
        <source>the usage log lacks tables</source>
        <translation>dem Nutzungsprotokoll fehlen Tabellen</translation>
    </message>
    <message>
        <source>the usage log was written by a newer Preheat (log version {version}, this Preheat knows {known})</source>
        <translation>das Nutzungsprotokoll stammt von einem neueren Preheat (Version {version}, dieses Preheat kennt {known})</translation>
    </message>
    <message>
        <source>the variable GGML_VK_VISIBLE_DEVICES is &apos;{reason}&apos; and shows no device</source>
        <translation>die Variable GGML_VK_VISIBLE_DEVICES ist „{reason}“ und zeigt kein Gerät</translation>
    </message>
    <message>
        <source>there is no home folder</source>
        <translation>es gibt kein Home-Verzeichnis</translation>
    </message>
    <message>
        <source>there is no setting {name}</source>
        <translation>es gibt keine Einstellung {name}</translation>
    </message>
    <message>
        <source>there is no setting {name}; similar: {similar:names}</source>
        <translation>es gibt keine Einstellung {name}; ähnlich: {similar:names}</translation>
    </message>
    <message>
        <source>there is room for more precision, and still for another model</source>
        <translation>es ist Platz für mehr Genauigkeit und noch für ein weiteres Modell</translation>
    </message>
    <message>
        <source>there was no memory to load it with more</source>
        <translation>für mehr war beim Laden kein Speicher frei</translation>
    </message>
    <message>
        <source>too big by {missing:memory}</source>
        <translation>um {missing:memory} zu groß</translation>
    </message>
    <message>
        <source>too big for the limit by {missing:memory}</source>
        <translation>um {missing:memory} zu groß für die Grenze</translation>
    </message>
    <message>
        <source>too large</source>
        <translation>zu groß</translation>
    </message>
    <message>
        <source>true and false make no sense here</source>
        <translation>true und false sind hier nicht sinnvoll</translation>
    </message>
    <message>
        <source>true or false</source>
        <translation>true oder false</translation>
    </message>
    <message>
        <source>trying whether repacked weights decode faster on this processor</source>
        <translation>Versuch, ob umgeordnete Gewichte die Ausgabe auf diesem Prozessor schneller machen</translation>
    </message>
    <message>
        <source>unlikely to be next</source>
        <translation>kaum das nächste</translation>
    </message>
    <message>
        <source>used once in the last week</source>
        <translation>in der letzten Woche einmal genutzt</translation>
    </message>
    <message>
        <source>used {ago}</source>
        <translation>benutzt {ago}</translation>
    </message>
    <message>
        <source>used {uses} times in the last week</source>
        <translation>in der letzten Woche {uses}-mal genutzt</translation>
    </message>
    <message>
        <source>used {uses} times in the last week, mostly on {part}</source>
        <translation>in der letzten Woche {uses}-mal genutzt, meist {part}</translation>
    </message>
    <message>
        <source>usually used again about now</source>
        <translation>meist etwa jetzt wieder genutzt</translation>
    </message>
    <message>
        <source>uv tool upgrade preheat</source>
        <translation>uv tool upgrade preheat</translation>
    </message>
    <message>
        <source>waiting for the first request: preloading at login is off</source>
        <translation>wartet auf die erste Anfrage: Vorladen beim Anmelden ist aus</translation>
    </message>
    <message>
        <source>weekday afternoons</source>
        <translation>werktags nachmittags</translation>
    </message>
    <message>
        <source>weekday evenings</source>
        <translation>werktags abends</translation>
    </message>
    <message>
        <source>weekday mornings</source>
        <translation>werktags vormittags</translation>
    </message>
    <message>
        <source>weekday nights</source>
        <translation>werktags nachts</translation>
    </message>
    <message>
        <source>weekend afternoons</source>
        <translation>am Wochenende nachmittags</translation>
    </message>
    <message>
        <source>weekend evenings</source>
        <translation>am Wochenende abends</translation>
    </message>
    <message>
        <source>weekend mornings</source>
        <translation>am Wochenende vormittags</translation>
    </message>
    <message>
        <source>weekend nights</source>
        <translation>am Wochenende nachts</translation>
    </message>
    <message>
        <source>with more, fewer of its layers would fit on the graphics card</source>
        <translation>mit mehr fänden weniger Schichten auf der Grafikkarte Platz</translation>
    </message>
    <message>
        <source>zero</source>
        <translation>null</translation>
    </message>
    <message>
        <source>{action}: {model}</source>
        <translation>{action}: {model}</translation>
    </message>
    <message>
        <source>{available:memory} of {total:memory} of memory are available</source>
        <translation>{available:memory} von {total:memory} Speicher sind verfügbar</translation>
    </message>
    <message>
        <source>{client} was opened</source>
        <translation>{client} wurde geöffnet</translation>
    </message>
    <message>
        <source>{count:count} of {layers:count} layers are on {devices:names}, as the setting gpu_layers says</source>
        <translation>{count:count} von {layers:count} Schichten sind auf {devices:names}, wie in der Einstellung gpu_layers angegeben</translation>
    </message>
    <message>
        <source>{count:count} of {layers:count} layers are on {devices:names}, as the setting gpu_layers says, but the experts of {experts:count} in RAM</source>
        <translation>{count:count} von {layers:count} Schichten sind auf {devices:names}, wie in der Einstellung gpu_layers angegeben, aber die Experten von {experts:count} im RAM</translation>
    </message>
    <message>
        <source>{count:count} of {layers:count} layers are on {devices:names}, the others in RAM</source>
        <translation>{count:count} von {layers:count} Schichten sind auf {devices:names}, die übrigen im RAM</translation>
    </message>
    <message>
        <source>{count:count} of {total:count}</source>
        <translation>{count:count} von {total:count}</translation>
    </message>
    <message>
        <source>{count} d</source>
        <translation>{count} Tg.</translation>
    </message>
    <message>
        <source>{count} models are ready</source>
        <translation>{count} Modelle sind bereit</translation>
    </message>
    <message>
        <source>{devices:names} is not there any more, and the model runs without it</source>
        <translation>{devices:names} ist nicht mehr da; das Modell läuft ohne</translation>
    </message>
    <message>
        <source>{device} is left off, as {reason}</source>
        <translation>{device} bleibt aus, denn {reason}</translation>
    </message>
    <message>
        <source>{done:bytes} of {total:bytes}</source>
        <translation>{done:bytes} von {total:bytes}</translation>
    </message>
    <message>
        <source>{duration} ago</source>
        <translation>vor {duration}</translation>
    </message>
    <message>
        <source>{field}: documents have to be text in the request</source>
        <translation>{field}: Dokumente müssen als Text in der Anfrage stehen</translation>
    </message>
    <message>
        <source>{field}: images are not fetched from other places</source>
        <translation>{field}: Bilder werden nicht von anderen Orten geholt</translation>
    </message>
    <message>
        <source>{field}: the image is not base64, nor a data URI</source>
        <translation>{field}: Das Bild ist weder Base64 noch eine Data-URI</translation>
    </message>
    <message>
        <source>{field}: {reason}</source>
        <translation>{field}: {reason}</translation>
    </message>
    <message>
        <source>{file} cannot be read: {reason}</source>
        <translation>{file} ist nicht lesbar: {reason}</translation>
    </message>
    <message>
        <source>{file} cannot be written: {reason}</source>
        <translation>{file} ist nicht beschreibbar: {reason}</translation>
    </message>
    <message>
        <source>{file} crashes here: {reason}</source>
        <translation>{file} stürzt hier ab: {reason}</translation>
    </message>
    <message>
        <source>{file} did not load: llama.cpp cannot read it: {detail}</source>
        <translation>{file} wurde nicht geladen: llama.cpp kann die Datei nicht lesen: {detail}</translation>
    </message>
    <message>
        <source>{file} did not load: llama.cpp failed to decode the first token (status {status}): {detail}</source>
        <translation>{file} wurde nicht geladen: llama.cpp konnte das erste Token nicht dekodieren (Status {status}): {detail}</translation>
    </message>
    <message>
        <source>{file} did not load: no context of {tokens:count} tokens ({kv_cache_type}): {detail}</source>
        <translation>{file} wurde nicht geladen: kein Kontext von {tokens:count} Token ({kv_cache_type}): {detail}</translation>
    </message>
    <message>
        <source>{file} does not answer within {limit:duration}</source>
        <translation>{file} antwortet nicht innerhalb von {limit:duration}</translation>
    </message>
    <message>
        <source>{file} does not end in .gguf</source>
        <translation>{file} endet nicht auf .gguf</translation>
    </message>
    <message>
        <source>{file} does not load: {reason}</source>
        <translation>{file} lässt sich nicht laden: {reason}</translation>
    </message>
    <message>
        <source>{file} ends early: it became shorter while it was read</source>
        <translation>{file} endet zu früh: Die Datei wurde beim Lesen kürzer</translation>
    </message>
    <message>
        <source>{file} ends early: its header runs past the end of the file at {size:,} bytes</source>
        <translation>{file} endet zu früh: Der Dateikopf reicht über das Ende bei {size:,} Bytes hinaus</translation>
    </message>
    <message>
        <source>{file} ends early: {size:,} of {expected:,} bytes are there</source>
        <translation>{file} endet zu früh: {size:,} von {expected:,} Bytes sind vorhanden</translation>
    </message>
    <message>
        <source>{file} finds no device</source>
        <translation>{file} findet kein Gerät</translation>
    </message>
    <message>
        <source>{file} has changed on the hub; its download starts over</source>
        <translation>{file} hat sich auf dem Hub geändert; der Download beginnt von vorn</translation>
    </message>
    <message>
        <source>{file} has the tensor {tensor} in the unknown type {type}</source>
        <translation>{file} hat den Tensor {tensor} im unbekannten Typ {type}</translation>
    </message>
    <message>
        <source>{file} is a Git LFS pointer, not the model</source>
        <translation>{file} ist ein Git-LFS-Zeiger, nicht das Modell</translation>
    </message>
    <message>
        <source>{file} is damaged: {detail}</source>
        <translation>{file} ist beschädigt: {detail}</translation>
    </message>
    <message>
        <source>{file} is empty</source>
        <translation>{file} ist leer</translation>
    </message>
    <message>
        <source>{file} is in version 1 of GGUF, which llama.cpp no longer reads</source>
        <translation>{file} hat die GGUF-Version 1, die llama.cpp nicht mehr liest</translation>
    </message>
    <message>
        <source>{file} is in version {version} of GGUF; Preheat knows 2 and 3</source>
        <translation>{file} hat die GGUF-Version {version}; Preheat kennt 2 und 3</translation>
    </message>
    <message>
        <source>{file} is no library of this llama.cpp, or finds nothing to work with</source>
        <translation>{file} ist keine Bibliothek dieses llama.cpp oder findet nichts, womit sie arbeiten kann</translation>
    </message>
    <message>
        <source>{file} is not a GGUF file</source>
        <translation>{file} ist keine GGUF-Datei</translation>
    </message>
    <message>
        <source>{file} is not a regular file</source>
        <translation>{file} ist keine gewöhnliche Datei</translation>
    </message>
    <message>
        <source>{file} is one of {count} parts, and {missing} are missing</source>
        <translation>{file} ist einer von {count} Teilen, von denen {missing} fehlen</translation>
    </message>
    <message>
        <source>{file} keeps changing on the hub</source>
        <translation>{file} ändert sich auf dem Hub immer wieder</translation>
    </message>
    <message>
        <source>{file} line {line}</source>
        <translation>{file} Zeile {line}</translation>
    </message>
    <message>
        <source>{file} line {line} is not UTF-8 text</source>
        <translation>{file} Zeile {line} ist kein UTF-8-Text</translation>
    </message>
    <message>
        <source>{file} line {line} is not valid TOML: {reason}</source>
        <translation>{file} Zeile {line} ist kein gültiges TOML: {reason}</translation>
    </message>
    <message>
        <source>{file} line {line}: {name} is set a second time, after line {first_line}</source>
        <translation>{file} Zeile {line}: {name} steht nach Zeile {first_line} ein zweites Mal</translation>
    </message>
    <message>
        <source>{file} should have {expected:bytes}, but {actual:bytes} are sent</source>
        <translation>{file} sollte {expected:bytes} haben, gesendet werden aber {actual:bytes}</translation>
    </message>
    <message>
        <source>{file} was changed while it was imported</source>
        <translation>{file} wurde während des Imports geändert</translation>
    </message>
    <message>
        <source>{file} would become too large</source>
        <translation>{file} würde zu groß</translation>
    </message>
    <message>
        <source>{file}, a part of llama.cpp, is missing or damaged</source>
        <translation>{file}, ein Teil von llama.cpp, fehlt oder ist beschädigt</translation>
    </message>
    <message>
        <source>{first} (and {others} more)</source>
        <translation>{first} (und {others} weitere)</translation>
    </message>
    <message>
        <source>{first}, {second}</source>
        <translation>{first}, {second}</translation>
    </message>
    <message>
        <source>{hits:count} of {requests:count} requests</source>
        <translation>{hits:count} von {requests:count} Anfragen</translation>
    </message>
    <message>
        <source>{holder} listens on [{address}]:{port}: programs that connect to localhost may reach it instead of Preheat</source>
        <translation>{holder} belegt [{address}]:{port}: Programme, die sich mit localhost verbinden, erreichen es vielleicht statt Preheat</translation>
    </message>
    <message>
        <source>{host} has a problem (status {status})</source>
        <translation>{host} hat eine Störung (Status {status})</translation>
    </message>
    <message>
        <source>{host} redirects in circles</source>
        <translation>{host} leitet im Kreis weiter</translation>
    </message>
    <message>
        <source>{host} stopped responding</source>
        <translation>{host} antwortet nicht mehr</translation>
    </message>
    <message>
        <source>{hub} answered with status {status}</source>
        <translation>{hub} antwortete mit Status {status}</translation>
    </message>
    <message>
        <source>{hub} did not answer in time</source>
        <translation>{hub} antwortete nicht rechtzeitig</translation>
    </message>
    <message>
        <source>{hub} does not answer like a hub</source>
        <translation>{hub} antwortet nicht wie ein Hub</translation>
    </message>
    <message>
        <source>{hub} has no such page</source>
        <translation>{hub} hat keine solche Seite</translation>
    </message>
    <message>
        <source>{limit} requests are using {model} or waiting for it</source>
        <translation>{limit} Anfragen nutzen {model} oder warten darauf</translation>
    </message>
    <message>
        <source>{memory}; {device}</source>
        <translation>{memory}; {device}</translation>
    </message>
    <message>
        <source>{memory}; {form}</source>
        <translation>{memory}; {form}</translation>
    </message>
    <message>
        <source>{method} is not possible here</source>
        <translation>{method} ist hier nicht möglich</translation>
    </message>
    <message>
        <source>{model} cannot be deleted by Preheat: it is {path}</source>
        <translation>Preheat kann {model} nicht löschen: Es ist {path}</translation>
    </message>
    <message>
        <source>{model} does not load: {error}</source>
        <translation>{model} lässt sich nicht laden: {error}</translation>
    </message>
    <message>
        <source>{model} does not support thinking</source>
        <translation>{model} unterstützt kein Denken</translation>
    </message>
    <message>
        <source>{model} failed {count} times in a row: {error}</source>
        <translation>{model} ist {count}-mal in Folge fehlgeschlagen: {error}</translation>
    </message>
    <message>
        <source>{model} has requests in progress and cannot be moved or deleted now</source>
        <translation>{model} bearbeitet Anfragen und kann jetzt weder verschoben noch gelöscht werden</translation>
    </message>
    <message>
        <source>{model} is part of the installed Preheat and cannot be deleted by itself</source>
        <translation>{model} ist Teil des installierten Preheat und lässt sich nicht einzeln löschen</translation>
    </message>
    <message>
        <source>{model} is ready</source>
        <translation>{model} ist bereit</translation>
    </message>
    <message>
        <source>{model} is unloaded</source>
        <translation>{model} ist entladen</translation>
    </message>
    <message>
        <source>{model} makes embeddings, not text</source>
        <translation>{model} erzeugt Embeddings, keinen Text</translation>
    </message>
    <message>
        <source>{model} makes text, not embeddings</source>
        <translation>{model} erzeugt Text, keine Embeddings</translation>
    </message>
    <message>
        <source>{model} needs {needed:memory} of {device}, but only {available:memory} of its limit of {limit:memory} can be freed</source>
        <translation>{model} braucht {needed:memory} von {device}, aber von dessen Grenze von {limit:memory} lassen sich nur {available:memory} frei machen</translation>
    </message>
    <message>
        <source>{model} needs {needed:memory}, but only {available:memory} of the memory limit of {limit:memory} can be freed</source>
        <translation>{model} braucht {needed:memory}, aber nur {available:memory} der Speichergrenze von {limit:memory} lassen sich freigeben</translation>
    </message>
    <message>
        <source>{model} needs {needed:memory}, but only {available:memory} of the memory limit of {limit:memory} can be freed for a request of low priority, which unloads no favourites</source>
        <translation>{model} braucht {needed:memory}, aber nur {available:memory} der Speichergrenze von {limit:memory} können für eine Anfrage mit niedrigem Vorrang frei werden, die keine Favoriten entlädt</translation>
    </message>
    <message>
        <source>{model} was not deleted: input is not a terminal</source>
        <translation>{model} wurde nicht gelöscht: die Eingabe ist kein Terminal</translation>
    </message>
    <message>
        <source>{model} was not ready after {timeout:g} s</source>
        <translation>{model} war nach {timeout:g} s nicht bereit</translation>
    </message>
    <message>
        <source>{model} with a context length of {tokens} tokens needs {needed:memory}, more than the memory limit of {limit:memory}</source>
        <translation>{model} braucht mit einer Kontextlänge von {tokens} Token {needed:memory}, mehr als die Speichergrenze von {limit:memory}</translation>
    </message>
    <message>
        <source>{model} writes text, not embeddings</source>
        <translation>{model} schreibt Text, keine Embeddings</translation>
    </message>
    <message>
        <source>{model}: favourite, not loaded, needs {size:memory}</source>
        <translation>{model}: Favorit, nicht geladen, benötigt {size:memory}</translation>
    </message>
    <message>
        <source>{model}: {state}, {size:memory}</source>
        <translation>{model}: {state}, {size:memory}</translation>
    </message>
    <message>
        <source>{names:names} not changed: a character cannot be written as UTF-8</source>
        <translation>{names:names} nicht geändert: ein Zeichen lässt sich nicht als UTF-8 schreiben</translation>
    </message>
    <message>
        <source>{names:names} not changed: {problem}</source>
        <translation>{names:names} nicht geändert: {problem}</translation>
    </message>
    <message>
        <source>{name} cannot be the name of a model</source>
        <translation>{name} ist als Name eines Modells nicht möglich</translation>
    </message>
    <message>
        <source>{option} has no effect without {needed}</source>
        <translation>{option} hat ohne {needed} keine Wirkung</translation>
    </message>
    <message>
        <source>{param} is longer than {limit} characters</source>
        <translation>{param} ist länger als {limit} Zeichen</translation>
    </message>
    <message>
        <source>{param} is no parameter here</source>
        <translation>{param} ist hier kein Parameter</translation>
    </message>
    <message>
        <source>{param} must be a list of model names, or auto</source>
        <translation>{param} muss eine Liste von Modellnamen oder auto sein</translation>
    </message>
    <message>
        <source>{param} must be a list, with entries of the right kind</source>
        <translation>{param} muss eine Liste mit Einträgen der richtigen Art sein</translation>
    </message>
    <message>
        <source>{param} must be a number of seconds above 0</source>
        <translation>{param} muss eine Zahl von Sekunden über 0 sein</translation>
    </message>
    <message>
        <source>{path} belongs to another user or cannot be written: no prompts are kept on disk</source>
        <translation>{path} gehört jemand anderem oder ist nicht beschreibbar: Es werden keine Prompts auf der Festplatte</translation>
    </message>
    <message>
        <source>{path} is not a folder: no prompts are kept on disk</source>
        <translation>{path} ist kein Ordner: Es werden keine Prompts auf der Festplatte</translation>
    </message>
    <message>
        <source>{plan}; {chance}, saves {saved_s:duration}, may load {load:bytes} in vain</source>
        <translation>{plan}; {chance}, spart {saved_s:duration}, lädt vielleicht {load:bytes} umsonst</translation>
    </message>
    <message>
        <source>{preloads:count} preloads, {wasted:count} of them unused</source>
        <translation>{preloads:count} Mal vorgeladen, davon {wasted:count} ungenutzt</translation>
    </message>
    <message>
        <source>{rate} tokens/s</source>
        <translation>{rate} Token/s</translation>
    </message>
    <message>
        <source>{size:memory} in memory</source>
        <translation>{size:memory} im Speicher</translation>
    </message>
    <message>
        <source>{tokens:count} tokens</source>
        <translation>{tokens:count} Token</translation>
    </message>
    <message>
        <source>{tokens:count} tokens of context, which take {memory:memory}: {reason}</source>
        <translation>Kontextlänge {tokens:count} Token, die {memory:memory} belegen: {reason}</translation>
    </message>
    <message>
        <source>{tokens:count} tokens of context: {reason}</source>
        <translation>Kontextlänge {tokens:count} Token: {reason}</translation>
    </message>
    <message>
        <source>{tokens:count} tokens of it were no longer in the cache</source>
        <translation>{tokens:count} Token davon waren nicht mehr im Cache</translation>
    </message>
    <message>
        <source>{used:memory} of {limit:memory}</source>
        <translation>{used:memory} von {limit:memory}</translation>
    </message>
    <message>
        <source>{value} is not a rule</source>
        <translation>{value} ist keine Regel</translation>
    </message>
    <message>
        <source>{value} is not high, normal or low</source>
        <translation>{value} ist nicht high, normal oder low</translation>
    </message>
    <message>
        <source>{what} cannot be written into a service&apos;s description: {reason}</source>
        <translation>{what} lässt sich nicht in die Beschreibung eines Dienstes schreiben: {reason}</translation>
    </message>
    <message>
        <source>{param} is not a usable path: {reason}</source>
        <translation>{param} muss ein Pfad sein: {reason}</translation>
    </message>
    <message>
        <source>there was no memory to load {model}</source>
        <translation>der Speicher reichte nicht, um {model} zu laden</translation>
    </message>
    <message>
        <source>will be preloaded instead of {displaced:names}: {reason}</source>
        <translation>wird anstelle von {displaced:names} vorgeladen: {reason}</translation>
    </message>
    <message>
        <source>will be preloaded: {reason}</source>
        <translation>wird vorgeladen: {reason}</translation>
    </message>
    <message>
        <source>{param} must be a text</source>
        <translation>{param} muss ein Text sein</translation>
    </message>
    <message>
        <source>{param} must be a text of at most {maximum} characters</source>
        <translation>{param} muss ein Text von höchstens {maximum} Zeichen sein</translation>
    </message>
    <message>
        <source>{param} must be a text, number, true, false or list</source>
        <translation>{param} muss Text, Zahl, true, false oder Liste sein</translation>
    </message>
    <message>
        <source>{param} must be a whole number from {minimum} to {maximum}</source>
        <translation>{param} muss eine ganze Zahl von {minimum} bis {maximum} sein</translation>
    </message>
    <message>
        <source>{param} must be an absolute path</source>
        <translation>{param} muss ein absoluter Pfad sein</translation>
    </message>
    <message>
        <source>{param} must be one of {names:names}</source>
        <translation>{param} muss eines von {names:names} sein</translation>
    </message>
    <message>
        <source>{param} must be true or false</source>
        <translation>{param} muss true oder false sein</translation>
    </message>
    <message>
        <source>{path} belongs to a set of {by_header} by its header, of {by_name} by its name</source>
        <translation>{path} gehört nach dem Dateikopf zu einem Satz von {by_header}, nach dem Namen zu einem von {by_name}</translation>
    </message>
    <message>
        <source>{path} cannot be deleted: {reason}</source>
        <translation>{path} lässt sich nicht löschen: {reason}</translation>
    </message>
    <message>
        <source>{path} cannot be read: {reason}</source>
        <translation>{path} ist nicht lesbar: {reason}</translation>
    </message>
    <message>
        <source>{path} cannot be removed: {reason}</source>
        <translation>{path} lässt sich nicht entfernen: {reason}</translation>
    </message>
    <message>
        <source>{path} cannot be used: {reason}</source>
        <translation>{path} ist nicht verwendbar: {reason}</translation>
    </message>
    <message>
        <source>{path} cannot be written: {reason}</source>
        <translation>{path} lässt sich nicht schreiben: {reason}</translation>
    </message>
    <message>
        <source>{path} does not respond</source>
        <translation>{path} antwortet nicht</translation>
    </message>
    <message>
        <source>{path} is a broken link</source>
        <translation>{path} ist eine ungültige Verknüpfung</translation>
    </message>
    <message>
        <source>{path} is a link that leaves the folder of {program}</source>
        <translation>{path} ist eine Verknüpfung, die aus dem Ordner von {program} führt</translation>
    </message>
    <message>
        <source>{path} is one of {count} parts, and some are missing</source>
        <translation>{path} ist einer von {count} Teilen, von denen einige fehlen</translation>
    </message>
    <message>
        <source>{place}: a model name with a dot needs quotes: [{name}]</source>
        <translation>{place}: ein Modellname mit Punkt braucht Anführungszeichen: [{name}]</translation>
    </message>
    <message>
        <source>{place}: there are no sections such as [{name}]; put all names at the top of the file</source>
        <translation>{place}: es gibt keine Abschnitte wie [{name}]; alle Namen an den Anfang der Datei setzen</translation>
    </message>
    <message>
        <source>{place}: there is no setting {name}</source>
        <translation>{place}: es gibt keine Einstellung {name}</translation>
    </message>
    <message>
        <source>{place}: there is no setting {name}; similar: {similar:names}</source>
        <translation>{place}: es gibt keine Einstellung {name}; ähnlich: {similar:names}</translation>
    </message>
    <message>
        <source>{place}: {name}</source>
        <translation>{place}: {name}</translation>
    </message>
    <message>
        <source>{problem}; next attempt in {pause_s:duration}</source>
        <translation>{problem}; nächster Versuch in {pause_s:duration}</translation>
    </message>
    <message>
        <source>{program} does not answer</source>
        <translation>{program} antwortet nicht</translation>
    </message>
    <message>
        <source>{program} is missing: this system has no service manager that Preheat knows</source>
        <translation>{program} fehlt: Dieses System hat keine Dienstverwaltung, die Preheat kennt</translation>
    </message>
    <message>
        <source>{program} failed: {reason}</source>
        <translation>{program} hat abgelehnt: {reason}</translation>
    </message>
    <message>
        <source>{reason}; allowed: {allowed}</source>
        <translation>{reason}; erlaubt: {allowed}</translation>
    </message>
    <message>
        <source>{remedy}, or remove it by hand</source>
        <translation>{remedy} oder von Hand entfernen</translation>
    </message>
    <message>
        <source>{remedy}. If an older one is in memory, unload it; then resume the download</source>
        <translation>{remedy}. Falls ein älteres im Speicher ist, entladen; dann den Download fortsetzen</translation>
    </message>
    <message>
        <source>{remedy}; if a program uses it, close that program</source>
        <translation>{remedy}; verwendet ein Programm die Datei, dieses schließen</translation>
    </message>
    <message>
        <source>{remedy}; or choose another folder: preheat config set models_dir DIR</source>
        <translation>{remedy}; oder einen anderen Ordner wählen: preheat config set models_dir DIR</translation>
    </message>
    <message>
        <source>{remedy}; or set XDG_RUNTIME_DIR or PREHEAT_HOME to another folder</source>
        <translation>{remedy}; oder XDG_RUNTIME_DIR oder PREHEAT_HOME auf einen anderen Ordner setzen</translation>
    </message>
    <message>
        <source>{remedy}; then resume the download</source>
        <translation>{remedy}; dann den Download fortsetzen</translation>
    </message>
    <message>
        <source>{repo} has no file {file}</source>
        <translation>{repo} hat keine Datei {file}</translation>
    </message>
    <message>
        <source>{repo} has no model that Preheat can run</source>
        <translation>{repo} hat kein Modell, das Preheat ausführen kann</translation>
    </message>
    <message>
        <source>{repo} has no such revision</source>
        <translation>{repo} hat keine solche Revision</translation>
    </message>
    <message>
        <source>{repo} has no {quantization}</source>
        <translation>{repo} hat kein {quantization}</translation>
    </message>
    <message>
        <source>{repo} is available only to users who accepted its terms</source>
        <translation>{repo} ist nur nach Zustimmung zu den Bedingungen verfügbar</translation>
    </message>
    <message>
        <source>{repo} is not on {hub}</source>
        <translation>{repo} ist nicht auf {hub}</translation>
    </message>
    <message>
        <source>{repo} was disabled by the hub</source>
        <translation>{repo} wurde vom Hub gesperrt</translation>
    </message>
    <message>
        <source>{reused} of {tokens} tokens</source>
        <translation>{reused} von {tokens} Token</translation>
    </message>
    <message>
        <source>{session} has no place for tray icons; the dashboard replaces the icon</source>
        <translation>{session} hat keinen Platz für Symbole im Infobereich; das Dashboard ersetzt das Symbol</translation>
    </message>
    <message>
        <source>{session} shows tray icons: {hosts:names}</source>
        <translation>{session} zeigt Symbole im Infobereich: {hosts:names}</translation>
    </message>
    <message>
        <source>{subject} cannot be {value} ({reason}); allowed: {allowed}</source>
        <translation>{subject} kann nicht {value} sein ({reason}); erlaubt: {allowed}</translation>
    </message>
    <message>
        <source>{subject} cannot be {value}; allowed: a section of {names:names}</source>
        <translation>{subject} kann nicht {value} sein; erlaubt: ein Abschnitt aus {names:names}</translation>
    </message>
    <message>
        <source>{subject} cannot be {value}; allowed: {allowed}</source>
        <translation>{subject} kann nicht {value} sein; erlaubt: {allowed}</translation>
    </message>
    <message>
        <source>{value} is not a host name or address</source>
        <translation>{value} ist kein Hostname und keine Adresse</translation>
    </message>
    <message>
        <source>{value} is not an origin</source>
        <translation>{value} ist kein Ursprung</translation>
    </message>
    <message>
        <source>{variable} does not name a home folder</source>
        <translation>{variable} nennt kein Home-Verzeichnis</translation>
    </message>
    <message>
        <source>{variable} sets the models folder</source>
        <translation>{variable} legt den Modellordner fest</translation>
    </message>
    <message>
        <source>{variant} needs about {memory:memory} of {limit:memory}: {reason}</source>
        <translation>{variant} braucht etwa {memory:memory} von {limit:memory}: {reason}</translation>
    </message>
    <message>
        <source>--end takes no size and no time</source>
        <translation>--end hat keine Größe und keine Zeit</translation>
    </message>
    <message>
        <source>Ask again then, or end it now: preheat make-room --end</source>
        <translation>Dann erneut anfragen oder jetzt beenden: preheat make-room --end</translation>
    </message>
    <message>
        <source>End that: preheat make-room --end</source>
        <translation>Das beenden: preheat make-room --end</translation>
    </message>
    <message>
        <source>it left to make room for other programs, which is over</source>
        <translation>es hatte für andere Programme Platz gemacht; das ist vorbei</translation>
    </message>
    <message>
        <source>room is kept for other programs until you end it</source>
        <translation>Platz für andere Programme ist frei gehalten, bis das beendet wird</translation>
    </message>
    <message>
        <source>room is kept for other programs until {until}</source>
        <translation>Platz für andere Programme ist bis {until} frei gehalten</translation>
    </message>
    <message>
        <source>room was made for other programs</source>
        <translation>für andere Programme wurde Platz gemacht</translation>
    </message>
    <message>
        <source>room was made for other programs until {until}</source>
        <translation>für andere Programme wurde bis {until} Platz gemacht</translation>
    </message>
    <message>
        <source>{model} is not loaded: room is kept for other programs</source>
        <translation>{model} wird nicht geladen: Platz für andere Programme ist frei gehalten</translation>
    </message>
    <message>
        <source>{model} is not loaded: room is kept for other programs until {until}</source>
        <translation>{model} wird nicht geladen: Platz für andere Programme ist bis {until} frei gehalten</translation>
    </message>
    <message>
        <source>{param} must be an amount of memory, such as 8GiB or 50%</source>
        <translation>{param} muss eine Speichermenge sein, zum Beispiel 8GiB oder 50%</translation>
    </message>
    <message>
        <source>Choose another one</source>
        <translation>Ein anderes wählen</translation>
    </message>
    <message>
        <source>The conversation {path} cannot be used: {reason}</source>
        <translation>Das Gespräch {path} kann nicht verwendet werden: {reason}</translation>
    </message>
    <message>
        <source>Use a PNG or JPEG file</source>
        <translation>Eine PNG- oder JPEG-Datei verwenden</translation>
    </message>
    <message>
        <source>{file} is not a kept conversation</source>
        <translation>{file} ist kein aufbewahrtes Gespräch</translation>
    </message>
    <message>
        <source>{file} is not a picture that can be used</source>
        <translation>{file} ist kein verwendbares Bild</translation>
    </message>
    <message>
        <source>Favourites are set by {source} and cannot be changed here</source>
        <translation>Die Favoriten sind durch {source} festgelegt und hier nicht änderbar</translation>
    </message>
    <message>
        <source>Set by the environment variable {source}</source>
        <translation>Durch die Umgebungsvariable {source} festgelegt</translation>
    </message>
    <message>
        <source>Set by the option {source}</source>
        <translation>Durch die Option {source} festgelegt</translation>
    </message>
    <message>
        <source>Start Preheat without it to change it here</source>
        <translation>Ohne diese Vorgabe gestartet, lässt Preheat die Änderung hier zu</translation>
    </message>
    <message>
        <source>{setting} is set by {source} and was not changed</source>
        <translation>{setting} ist durch {source} festgelegt und wurde nicht geändert</translation>
    </message>
    <message>
        <source>fits if {models:names} leave</source>
        <translation>passt, wenn {models:names} weichen</translation>
    </message>
    <message>
        <source>fits if {models:names} leaves</source>
        <translation>passt, wenn {models:names} weicht</translation>
    </message>
    <message>
        <source>fits once other programs release {missing:memory}</source>
        <translation>passt, sobald andere Programme {missing:memory} freigeben</translation>
    </message>
    <message>
        <source>Loading {model}, {percent}</source>
        <translation>{model} wird geladen, {percent}</translation>
    </message>
    <message>
        <source>a size such as 4GB, 0, or a share of memory such as 25%</source>
        <translation>eine Größe wie 4GB, 0 oder ein Anteil des Speichers wie 25%</translation>
    </message>
    <message>
        <source>Choose at most {trained:,}</source>
        <translation>Höchstens {trained:,} wählen</translation>
    </message>
    <message>
        <source>the model was trained for {trained:,} tokens; more is not possible</source>
        <translation>das Modell wurde für {trained:,} Token trainiert; mehr ist nicht möglich</translation>
    </message>
    <message>
        <source>{model} cannot have a context length of {value} tokens: it was trained for {trained:,}</source>
        <translation>{model} kann keine Kontextlänge von {value} Token haben: Es wurde für {trained:,} trainiert</translation>
    </message>
    <message>
        <source>1 file can&apos;t be used</source>
        <translation>1 Datei ist unbrauchbar</translation>
    </message>
    <message>
        <source>Check the rights of the file and its folder</source>
        <translation>Rechte der Datei und ihres Ordners prüfen</translation>
    </message>
    <message>
        <source>No room for {models:names}: all favourites need {needed:memory}, and the limit is {limit:memory}</source>
        <translation>Kein Platz für {models:names}: Alle Favoriten brauchen {needed:memory}, die Grenze ist {limit:memory}</translation>
    </message>
    <message>
        <source>Remove it, or put the file back</source>
        <translation>Verknüpfung entfernen oder die Datei zurücklegen</translation>
    </message>
    <message>
        <source>{count:count} files can&apos;t be used</source>
        <translation>{count:count} Dateien sind unbrauchbar</translation>
    </message>
    <message>
        <source>All connection attempts failed</source>
        <translation>Alle Verbindungsversuche sind gescheitert</translation>
    </message>
    <message>
        <source>Name or service not known</source>
        <translation>Name nicht bekannt</translation>
    </message>
    <message>
        <source>No address associated with hostname</source>
        <translation>Zum Namen gibt es keine Adresse</translation>
    </message>
    <message>
        <source>Temporary failure in name resolution</source>
        <translation>Name derzeit nicht auflösbar</translation>
    </message>
    <message>
        <source>{free:memory} left for other models</source>
        <translation>noch {free:memory} für andere Modelle</translation>
    </message>
    <message>
        <source>{size:memory} in memory, up to {most:memory} in use</source>
        <translation>{size:memory} im Speicher, im Einsatz bis {most:memory}</translation>
    </message>
</context>
<context>
    <name>ModelActions</name>
    <message>
        <source>&amp;Unload</source>
        <translation>E&amp;ntladen</translation>
    </message>
    <message>
        <source>&amp;Favourite</source>
        <translation>&amp;Favorit</translation>
    </message>
    <message>
        <source>Keep it ready whenever it fits (F)</source>
        <translation>Bereithalten, wann immer es passt (F)</translation>
    </message>
    <message>
        <source>Show fil&amp;e</source>
        <translation>Datei &amp;zeigen</translation>
    </message>
    <message>
        <source>Show the file in the file manager (Ctrl+O)</source>
        <translation>Die Datei in der Dateiverwaltung zeigen (Strg+O)</translation>
    </message>
    <message>
        <source>Copy &amp;name</source>
        <translation>Na&amp;men kopieren</translation>
    </message>
    <message>
        <source>&amp;Model settings…</source>
        <translation>M&amp;odelleinstellungen…</translation>
    </message>
    <message>
        <source>Delete kept &amp;prompts…</source>
        <translation>Gespeicherte &amp;Prompts löschen …</translation>
    </message>
    <message>
        <source>Preheat deletes only files in its own folder</source>
        <translation>Preheat löscht nur Dateien in seinem eigenen Ordner</translation>
    </message>
    <message>
        <source>Delete the kept prompts of {model}?</source>
        <translation>Die gespeicherten Prompts von {model} löschen?</translation>
    </message>
    <message>
        <source>The model computes them again when an app sends them. That takes longer once.</source>
        <translation>Das Modell berechnet sie neu, wenn eine App sie sendet. Das dauert einmal länger.</translation>
    </message>
    <message>
        <source>&amp;Delete</source>
        <translation>&amp;Löschen</translation>
    </message>
    <message>
        <source>&amp;Keep</source>
        <translation>&amp;Behalten</translation>
    </message>
    <message>
        <source>&amp;Cancel load</source>
        <translation>Laden &amp;abbrechen</translation>
    </message>
    <message>
        <source>Context length and more for this model (Alt+Enter)</source>
        <translation>Kontextlänge und mehr für dieses Modell (Alt+Eingabe)</translation>
    </message>
    <message>
        <source>&amp;Load</source>
        <translation>&amp;Laden</translation>
    </message>
    <message>
        <source>{what} (Enter)</source>
        <translation>{what} (Eingabe)</translation>
    </message>
    <message>
        <source>The file is {owner}</source>
        <translation>Die Datei liegt {owner}</translation>
    </message>
    <message>
        <source>&amp;Delete from disk…</source>
        <translation>Vom Datenträger lös&amp;chen…</translation>
    </message>
    <message>
        <source>Delete the model&apos;s file (Shift+Del)</source>
        <translation>Die Datei des Modells löschen (Umschalt+Entf)</translation>
    </message>
</context>
<context>
    <name>ModelChoice</name>
    <message>
        <source>embeddings</source>
        <translation>Embeddings</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
</context>
<context>
    <name>ModelDeletion</name>
    <message>
        <source>Preheat deletes only files in its own folder. Delete {files} where it came from.</source>
        <translation>Preheat löscht nur Dateien in seinem eigenen Ordner. {files} dort löschen, wo es herkommt.</translation>
    </message>
    <message>
        <source>It takes no memory unless it is loaded.</source>
        <translation>Es belegt nur Speicher, wenn es geladen ist.</translation>
    </message>
    <message>
        <source>{files}, {size}, will be deleted permanently.</source>
        <translation>{files}, {size}, wird endgültig gelöscht.</translation>
    </message>
    <message>
        <source>Delete {model} from disk?</source>
        <translation>{model} von der Festplatte löschen?</translation>
    </message>
    <message>
        <source>&amp;Delete</source>
        <translation>&amp;Löschen</translation>
    </message>
    <message>
        <source>&amp;Keep</source>
        <translation>&amp;Behalten</translation>
    </message>
    <message>
        <source>The file is {owner}.</source>
        <translation>Die Datei ist {owner}.</translation>
    </message>
</context>
<context>
    <name>ModelDetails</name>
    <message>
        <source>Selected model</source>
        <translation>Gewähltes Modell</translation>
    </message>
    <message>
        <source>No model selected</source>
        <translation>Kein Modell gewählt</translation>
    </message>
    <message>
        <source>Select a model to see why it is loaded or not.</source>
        <translation>Ein Modell auswählen, um zu sehen, warum es geladen ist oder nicht.</translation>
    </message>
    <message>
        <source>Failed to load: {reason}</source>
        <translation>Laden fehlgeschlagen: {reason}</translation>
    </message>
    <message>
        <source>{count} models selected</source>
        <translation>{count} Modelle gewählt</translation>
    </message>
    <message>
        <source>{size} in memory.</source>
        <translation>{size} im Speicher.</translation>
    </message>
</context>
<context>
    <name>ModelSettingsDialog</name>
    <message>
        <source>Model settings</source>
        <translation>Modelleinstellungen</translation>
    </message>
    <message>
        <source>&amp;OK</source>
        <translation>&amp;OK</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Needs about {now} of memory.</source>
        <translation>Braucht etwa {now} Speicher.</translation>
    </message>
    <message>
        <source>Will need about {then} of memory instead of {now}.</source>
        <translation>Wird etwa {then} Speicher brauchen statt {now}.</translation>
    </message>
    <message>
        <source>That exceeds the memory limit of {}.</source>
        <translation>Das überschreitet die Speichergrenze von {}.</translation>
    </message>
</context>
<context>
    <name>Models</name>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Context length</source>
        <translation>Kontextlänge</translation>
    </message>
    <message>
        <source>Last load</source>
        <translation>Ladezeit</translation>
    </message>
    <message>
        <source>Hits</source>
        <translation>Treffer</translation>
    </message>
    <message>
        <source>Last used</source>
        <translation>Zuletzt</translation>
    </message>
    <message>
        <source>Favourites are kept ready whenever they fit.</source>
        <translation>Favoriten werden bereitgehalten, wann immer sie passen.</translation>
    </message>
    <message>
        <source>The name that apps use in requests.</source>
        <translation>Der Name, den Apps in Anfragen verwenden.</translation>
    </message>
    <message>
        <source>Ready: answers at once. Cached: loads in a moment. Not loaded: must be read from disk.</source>
        <translation>Bereit: antwortet sofort. Im Cache: lädt in einem Moment. Nicht geladen: muss von der Festplatte gelesen werden.</translation>
    </message>
    <message>
        <source>Memory that the model uses now, or would use.</source>
        <translation>Speicher, den das Modell belegt oder belegen würde.</translation>
    </message>
    <message>
        <source>Time until the model was ready.</source>
        <translation>Zeit, bis das Modell bereit war.</translation>
    </message>
    <message>
        <source>When an app last used the model.</source>
        <translation>Wann eine App das Modell zuletzt genutzt hat.</translation>
    </message>
    <message>
        <source>Click to keep it ready whenever it fits.</source>
        <translation>Klicken, um es bereitzuhalten, wann immer es passt.</translation>
    </message>
    <message>
        <source>loads next</source>
        <translation>lädt als Nächstes</translation>
    </message>
    <message>
        <source>1 request in progress</source>
        <translation>1 laufende Anfrage</translation>
    </message>
    <message>
        <source>{count} requests in progress</source>
        <translation>{count} laufende Anfragen</translation>
    </message>
    <message>
        <source>Measured at the last load, or estimated.</source>
        <translation>Beim letzten Laden gemessen, sonst geschätzt.</translation>
    </message>
    <message>
        <source>Median of the last 7 days.</source>
        <translation>Median der letzten 7 Tage.</translation>
    </message>
    <message>
        <source>Requests of the last 7 days that found the model ready.</source>
        <translation>Anfragen der letzten 7 Tage, bei denen das Modell bereit war.</translation>
    </message>
    <message>
        <source>Prompt plus answer, in tokens, and their memory.</source>
        <translation>Prompt plus Antwort in Token, und ihr Speicher.</translation>
    </message>
    <message>
        <source>Favourite: kept ready whenever it fits. Click to change.</source>
        <translation>Favorit: wird bereitgehalten, wann immer es passt. Zum Ändern klicken.</translation>
    </message>
    <message>
        <source>Embeddings · {size} file</source>
        <translation>Embeddings · Datei {size}</translation>
    </message>
    <message>
        <source>Text · {size} file</source>
        <translation>Text · Datei {size}</translation>
    </message>
    <message>
        <source>No requests in the last 7 days.</source>
        <translation>Keine Anfragen in den letzten 7 Tagen.</translation>
    </message>
    <message>
        <source>{hits} of {requests} requests of the last 7 days found it ready.</source>
        <translation>Bei {hits} von {requests} Anfragen der letzten 7 Tage war es bereit.</translation>
    </message>
    <message>
        <source>of {requests}</source>
        <translation>von {requests}</translation>
    </message>
    <message>
        <source>just now</source>
        <translation>soeben</translation>
    </message>
    <message>
        <source>All models</source>
        <translation>Alle Modelle</translation>
    </message>
    <message>
        <source>Ready or loading</source>
        <translation>Bereit oder ladend</translation>
    </message>
    <message>
        <source>Favourites</source>
        <translation>Favoriten</translation>
    </message>
    <message>
        <source>Not loaded</source>
        <translation>Nicht geladen</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <source>Its file is in free memory, so it loads quickly. Programs get that memory when needed.</source>
        <translation>Seine Datei liegt in freiem Speicher, darum lädt es schnell. Programme bekommen diesen Speicher bei Bedarf.</translation>
    </message>
</context>
<context>
    <name>ModelsPage</name>
    <message>
        <source>No model matches</source>
        <translation>Kein passendes Modell</translation>
    </message>
    <message>
        <source>Show all models</source>
        <translation>Alle Modelle zeigen</translation>
    </message>
    <message>
        <source>Filter by name</source>
        <translation>Nach Namen filtern</translation>
    </message>
    <message>
        <source>Show only models with all these words in their name (Ctrl+F)</source>
        <translation>Nur Modelle mit allen diesen Wörtern im Namen anzeigen (Strg+F)</translation>
    </message>
    <message>
        <source>Filter by state</source>
        <translation>Nach Zustand filtern</translation>
    </message>
    <message>
        <source>No model has this name and state.</source>
        <translation>Kein Modell hat diesen Namen und Zustand.</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>{shown} of {known}</source>
        <translation>{shown} von {known}</translation>
    </message>
    <message>
        <source>Download a model, or drop GGUF files here.</source>
        <translation>Ein Modell herunterladen oder GGUF-Dateien hier ablegen.</translation>
    </message>
    <message>
        <source>No models yet</source>
        <translation>Noch keine Modelle</translation>
    </message>
    <message>
        <source>&amp;Download a model</source>
        <translation>Modell &amp;herunterladen</translation>
    </message>
    <message>
        <source>One moment</source>
        <translation>Einen Moment</translation>
    </message>
    <message>
        <source>Preheat is looking for models.</source>
        <translation>Preheat sucht nach Modellen.</translation>
    </message>
    <message>
        <source>&amp;Raise the limit</source>
        <translation>Grenze &amp;anheben</translation>
    </message>
</context>
<context>
    <name>ModelsTable</name>
    <message>
        <source>not a favourite</source>
        <translation>kein Favorit</translation>
    </message>
    <message>
        <source>Favourite</source>
        <translation>Favorit</translation>
    </message>
    <message>
        <source>favourite</source>
        <translation>Favorit</translation>
    </message>
</context>
<context>
    <name>ModelsView</name>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
</context>
<context>
    <name>Navigation</name>
    <message>
        <source>Pages</source>
        <translation>Seiten</translation>
    </message>
</context>
<context>
    <name>NoTray</name>
    <message>
        <source>This desktop has no tray.</source>
        <translation>Dieser Desktop hat keine Symbolleiste.</translation>
    </message>
    <message>
        <source>No tray icon</source>
        <translation>Kein Symbol im Infobereich</translation>
    </message>
    <message>
        <source>Use Preheat from this window. If a tray appears, its icon will be there.</source>
        <translation>Preheat ist über dieses Fenster zu bedienen. Sobald eine Symbolleiste erscheint, ist das Symbol dort.</translation>
    </message>
</context>
<context>
    <name>Notifications</name>
    <message>
        <source>Your favourites are ready</source>
        <translation>Die Favoriten sind bereit</translation>
    </message>
    <message>
        <source>{count} of {total} favourites are ready</source>
        <translation>{count} von {total} Favoriten sind bereit</translation>
    </message>
    <message>
        <source>{model} downloaded</source>
        <translation>{model} ist heruntergeladen</translation>
    </message>
    <message>
        <source>Download of {model} failed</source>
        <translation>Download von {model} fehlgeschlagen</translation>
    </message>
    <message>
        <source>See the log.</source>
        <translation>Siehe Protokoll.</translation>
    </message>
    <message>
        <source>{model} crashed</source>
        <translation>{model} ist abgestürzt</translation>
    </message>
    <message>
        <source>See the log</source>
        <translation>Siehe Protokoll</translation>
    </message>
    <message>
        <source>It loads again when needed.</source>
        <translation>Es wird bei Bedarf wieder geladen.</translation>
    </message>
    <message>
        <source>Click for details.</source>
        <translation>Klicken zeigt Einzelheiten.</translation>
    </message>
    <message>
        <source>Other programs need the memory. Favourites are loaded again when there is room.</source>
        <translation>Andere Programme brauchen den Speicher. Favoriten werden wieder geladen, sobald Platz ist.</translation>
    </message>
    <message>
        <source>It is ready to use.</source>
        <translation>Es ist einsatzbereit.</translation>
    </message>
    <message>
        <source>{program} fills the screen</source>
        <translation>{program} füllt den Bildschirm</translation>
    </message>
    <message>
        <source>A game runs</source>
        <translation>Ein Spiel läuft</translation>
    </message>
    <message>
        <source>Click to unload the models until it ends, so that it has their memory.</source>
        <translation>Ein Klick entlädt die Modelle bis zu seinem Ende und gibt den Speicher frei.</translation>
    </message>
    <message>
        <source>{model} did not load</source>
        <translation>{model} wurde nicht geladen</translation>
    </message>
    <message>
        <source>{model} was unloaded</source>
        <translation>{model} wurde entladen</translation>
    </message>
    <message>
        <source>{model} were unloaded</source>
        <translation>{model} wurden entladen</translation>
    </message>
    <message>
        <source>A favourite has no room</source>
        <translation>Ein Favorit hat keinen Platz</translation>
    </message>
</context>
<context>
    <name>OfferSection</name>
    <message>
        <source>Sizes of this model</source>
        <translation>Größen dieses Modells</translation>
    </message>
    <message>
        <source>Back to the list (Esc)</source>
        <translation>Zurück zur Liste (Esc)</translation>
    </message>
    <message>
        <source>Back to the list</source>
        <translation>Zurück zur Liste</translation>
    </message>
    <message>
        <source>&amp;Download</source>
        <translation>&amp;Herunterladen</translation>
    </message>
    <message>
        <source>Licence must be accepted</source>
        <translation>Lizenz muss akzeptiert werden</translation>
    </message>
    <message>
        <source>This model could not be looked up</source>
        <translation>Dieses Modell konnte nicht abgefragt werden</translation>
    </message>
    <message>
        <source>Too big for the memory limit; choose a smaller size.</source>
        <translation>Zu groß für das Speichergrenze; eine kleinere Größe wählen.</translation>
    </message>
    <message>
        <source>Open the &amp;page</source>
        <translation>&amp;Seite öffnen</translation>
    </message>
    <message>
        <source>&amp;Try again</source>
        <translation>E&amp;rneut versuchen</translation>
    </message>
    <message>
        <source>&amp;Back to the list</source>
        <translation>Zurück zur L&amp;iste</translation>
    </message>
    <message>
        <source>No model here</source>
        <translation>Kein Modell vorhanden</translation>
    </message>
    <message>
        <source>This repository has no GGUF model.</source>
        <translation>Dieses Repository hat kein GGUF-Modell.</translation>
    </message>
    <message>
        <source>One moment</source>
        <translation>Einen Moment</translation>
    </message>
    <message>
        <source>Nothing selected</source>
        <translation>Nichts gewählt</translation>
    </message>
    <message>
        <source>&amp;Web page</source>
        <translation>&amp;Webseite</translation>
    </message>
    <message>
        <source>Open this model on Hugging Face</source>
        <translation>Dieses Modell auf Hugging Face öffnen</translation>
    </message>
    <message>
        <source>View</source>
        <translation>Ansicht</translation>
    </message>
    <message>
        <source>Sizes</source>
        <translation>Größen</translation>
    </message>
    <message>
        <source>Model card</source>
        <translation>Modellkarte</translation>
    </message>
    <message>
        <source>&amp;Sign in…</source>
        <translation>A&amp;nmelden…</translation>
    </message>
    <message>
        <source>Preheat is asking Hugging Face for sizes.</source>
        <translation>Preheat fragt Hugging Face nach Größen.</translation>
    </message>
    <message>
        <source>The licence must be accepted first: on the model&apos;s web page. Then sign in here.</source>
        <translation>Zuerst muss die Lizenz akzeptiert werden: auf der Webseite des Modells. Danach hier anmelden.</translation>
    </message>
</context>
<context>
    <name>OptionsPanel</name>
    <message>
        <source>Options of this conversation</source>
        <translation>Optionen dieses Gesprächs</translation>
    </message>
    <message>
        <source>System prompt</source>
        <translation>Systemprompt</translation>
    </message>
    <message>
        <source>For example: Answer in one short sentence.</source>
        <translation>Zum Beispiel: Antworte in einem kurzen Satz.</translation>
    </message>
    <message>
        <source>Temperature</source>
        <translation>Temperatur</translation>
    </message>
    <message>
        <source>0 always takes the likeliest word. Higher values vary more, and make more mistakes.</source>
        <translation>0 nimmt immer das wahrscheinlichste Wort. Höhere Werte bringen mehr Abwechslung und mehr Fehler.</translation>
    </message>
    <message>
        <source>&amp;Reset</source>
        <translation>&amp;Zurücksetzen</translation>
    </message>
    <message>
        <source>Use the defaults again</source>
        <translation>Wieder die Standardwerte verwenden</translation>
    </message>
    <message>
        <source>S&amp;ystem prompt</source>
        <translation>S&amp;ystemprompt</translation>
    </message>
    <message>
        <source>&amp;Temperature</source>
        <translation>&amp;Temperatur</translation>
    </message>
    <message>
        <source>What the model is told before the conversation. It applies from the next question on.</source>
        <translation>Anweisung an das Modell vor dem Gespräch. Gilt ab der nächsten Frage.</translation>
    </message>
</context>
<context>
    <name>Overview</name>
    <message>
        <source>Preloading is off.</source>
        <translation>Das Vorladen ist aus.</translation>
    </message>
    <message>
        <source>Preloading waits: {hold}.</source>
        <translation>Das Vorladen wartet: {hold}.</translation>
    </message>
    <message>
        <source>No models yet.</source>
        <translation>Noch keine Modelle.</translation>
    </message>
    <message>
        <source>Cached: {models}</source>
        <translation>Im Cache: {models}</translation>
    </message>
    <message>
        <source>1 model is ready.</source>
        <translation>1 Modell ist bereit.</translation>
    </message>
    <message>
        <source>You have 1 model. Should it always be ready?</source>
        <translation>1 Modell ist da. Soll es immer bereit sein?</translation>
    </message>
    <message>
        <source>You have {count} models. Which should always be ready?</source>
        <translation>{count} Modelle sind da. Welche sollen immer bereit sein?</translation>
    </message>
    <message>
        <source>No models loaded.</source>
        <translation>Keine Modelle geladen.</translation>
    </message>
    <message>
        <source>{count} models are ready.</source>
        <translation>{count} Modelle sind bereit.</translation>
    </message>
    <message>
        <source>{hits} of {count} requests found their model ready since Preheat started</source>
        <translation>{hits} von {count} Anfragen fanden seit dem Start von Preheat ihr Modell bereit</translation>
    </message>
    <message>
        <source>Next: {models}</source>
        <translation>Als Nächstes: {models}</translation>
    </message>
    <message>
        <source>No requests.</source>
        <translation>Keine Anfragen.</translation>
    </message>
    <message>
        <source>{rate}: {hits} of {requests} requests found their model ready.</source>
        <translation>{rate}: Bei {hits} von {requests} Anfragen war das Modell bereit.</translation>
    </message>
    <message>
        <source>{duration} of waiting saved in all.</source>
        <translation>Insgesamt {duration} Wartezeit gespart.</translation>
    </message>
    <message>
        <source>No prompts.</source>
        <translation>Keine Prompts.</translation>
    </message>
    <message>
        <source>{rate}: {reused} of {tokens} prompt tokens were not computed again.</source>
        <translation>{rate}: {reused} von {tokens} Prompt-Token wurden nicht neu berechnet.</translation>
    </message>
    <message>
        <source>{when}: {rate}, {reused} of {tokens} tokens</source>
        <translation>{when}: {rate}, {reused} von {tokens} Token</translation>
    </message>
    <message>
        <source>{when}: {duration} saved</source>
        <translation>{when}: {duration} gespart</translation>
    </message>
    <message>
        <source>{when}: {rate}, {hits} of {requests} requests</source>
        <translation>{when}: {rate}, {hits} von {requests} Anfragen</translation>
    </message>
    <message>
        <source>{begin} to {end}</source>
        <translation>{begin} bis {end}</translation>
    </message>
    <message>
        <source>No room for {model}: the limit is {size} too low</source>
        <translation>Kein Platz für {model}: Die Grenze ist um {size} zu niedrig</translation>
    </message>
    <message>
        <source>No room for {models}</source>
        <translation>Kein Platz für {models}</translation>
    </message>
</context>
<context>
    <name>OverviewPage</name>
    <message>
        <source>Today</source>
        <translation>Heute</translation>
    </message>
    <message>
        <source>7 days</source>
        <translation>7 Tage</translation>
    </message>
    <message>
        <source>90 days</source>
        <translation>90 Tage</translation>
    </message>
    <message>
        <source>Hits, time saved and reused prompts in this period</source>
        <translation>Treffer, gesparte Zeit und wiederverwendete Prompts in diesem Zeitraum</translation>
    </message>
    <message>
        <source>Overview</source>
        <translation>Übersicht</translation>
    </message>
</context>
<context>
    <name>OwnEditor</name>
    <message>
        <source>Default ({})</source>
        <translation>Standard ({})</translation>
    </message>
</context>
<context>
    <name>Pages</name>
    <message>
        <source>Overview</source>
        <translation>Übersicht</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Downloads</source>
        <translation>Downloads</translation>
    </message>
    <message>
        <source>Activity</source>
        <translation>Aktivität</translation>
    </message>
    <message>
        <source>Try it</source>
        <translation>Ausprobieren</translation>
    </message>
    <message>
        <source>Connect</source>
        <translation>Verbinden</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
</context>
<context>
    <name>Pane</name>
    <message>
        <source>Activity is not available</source>
        <translation>Die Aktivität ist nicht verfügbar</translation>
    </message>
    <message>
        <source>&amp;Try again</source>
        <translation>&amp;Erneut versuchen</translation>
    </message>
    <message>
        <source>One moment</source>
        <translation>Einen Moment</translation>
    </message>
    <message>
        <source>Preheat is reading its activity.</source>
        <translation>Preheat liest seine Aktivität.</translation>
    </message>
</context>
<context>
    <name>Problem</name>
    <message>
        <source>&amp;Open the file</source>
        <translation>Date&amp;i öffnen</translation>
    </message>
    <message>
        <source>&amp;Open the folder</source>
        <translation>Or&amp;dner öffnen</translation>
    </message>
    <message>
        <source>&amp;Start it again</source>
        <translation>Neu star&amp;ten</translation>
    </message>
    <message>
        <source>&amp;Try again</source>
        <translation>Erneut &amp;versuchen</translation>
    </message>
    <message>
        <source>&amp;Use port {port}</source>
        <translation>Port {port} ver&amp;wenden</translation>
    </message>
    <message>
        <source>Models keep working, but usage data may be lost.</source>
        <translation>Modelle funktionieren weiter, aber Nutzungsdaten können verloren gehen.</translation>
    </message>
    <message>
        <source>No model can be used until it runs again.</source>
        <translation>Bis zum Neustart ist kein Modell nutzbar.</translation>
    </message>
    <message>
        <source>The disk is nearly full: {free} left.</source>
        <translation>Der Datenträger ist fast voll: {free} frei.</translation>
    </message>
    <message>
        <source>The file may be damaged, or too new for this version of Preheat. Try another file.</source>
        <translation>Die Datei ist vielleicht beschädigt oder zu neu für diese Version von Preheat. Eine andere Datei versuchen.</translation>
    </message>
    <message>
        <source>The file of {model} is missing.</source>
        <translation>Die Datei von {model} fehlt.</translation>
    </message>
    <message>
        <source>The model works until it is unloaded. Restore the file or download it again.</source>
        <translation>Das Modell funktioniert, bis es entladen wird. Die Datei zurücklegen oder erneut herunterladen.</translation>
    </message>
    <message>
        <source>Until you correct it, the last valid settings apply, or the defaults if there are none.</source>
        <translation>Bis zur Korrektur gelten die letzten gültigen Einstellungen oder, ohne solche, die Vorgaben.</translation>
    </message>
    <message>
        <source>Usage and downloads cannot be saved. Free some space, for example by deleting a model.</source>
        <translation>Nutzung und Downloads lassen sich nicht speichern. Platz schaffen, zum Beispiel durch Löschen eines Modells.</translation>
    </message>
    <message>
        <source>see the log</source>
        <translation>siehe Protokoll</translation>
    </message>
    <message>
        <source>Open &amp;settings</source>
        <translation>Einstellun&amp;gen öffnen</translation>
    </message>
    <message>
        <source>Show the &amp;log</source>
        <translation>&amp;Protokoll zeigen</translation>
    </message>
    <message>
        <source>{model} has failed {count} times in a row: {reason}</source>
        <translation>{model} ist {count}-mal in Folge gescheitert: {reason}</translation>
    </message>
    <message>
        <source>{model} is not available: {reason}</source>
        <translation>{model} ist nicht verfügbar: {reason}</translation>
    </message>
    <message>
        <source>Other apps can&apos;t connect. Preheat takes it when that program ends.</source>
        <translation>Andere Apps können sich nicht verbinden. Preheat übernimmt ihn, sobald das Programm endet.</translation>
    </message>
    <message>
        <source>Preheat takes it when that program ends, and stays at {url} until then.</source>
        <translation>Preheat übernimmt ihn, sobald das Programm endet, und bleibt bis dahin unter {url} erreichbar.</translation>
    </message>
</context>
<context>
    <name>Prompts</name>
    <message>
        <source>Nothing</source>
        <translation>Nichts</translation>
    </message>
    <message>
        <source>Prompt: {count} tokens.</source>
        <translation>Prompt: {count} Token.</translation>
    </message>
    <message>
        <source>Reused: none.</source>
        <translation>Wiederverwendet: nichts.</translation>
    </message>
    <message>
        <source>Reused: {sources}.</source>
        <translation>Wiederverwendet: {sources}.</translation>
    </message>
    <message>
        <source>Why not more: {reason}</source>
        <translation>Warum nicht mehr: {reason}</translation>
    </message>
    <message>
        <source>Written today: {size} of up to {limit}</source>
        <translation>Heute geschrieben: {size} von höchstens {limit}</translation>
    </message>
    <message>
        <source>an unknown app</source>
        <translation>einer unbekannten App</translation>
    </message>
    <message>
        <source>from disk</source>
        <translation>von der Festplatte</translation>
    </message>
    <message>
        <source>from memory</source>
        <translation>aus dem Speicher</translation>
    </message>
    <message>
        <source>held by the model</source>
        <translation>im geladenen Modell</translation>
    </message>
    <message>
        <source>kept in memory</source>
        <translation>im Arbeitsspeicher</translation>
    </message>
    <message>
        <source>kept on disk</source>
        <translation>auf der Festplatte</translation>
    </message>
    <message>
        <source>prompt of {app} ready</source>
        <translation>Prompt: {app}</translation>
    </message>
    <message>
        <source>prompt of {app}, {count} tokens, {place}</source>
        <translation>Prompt von {app}, {count} Token, {place}</translation>
    </message>
    <message>
        <source>ready</source>
        <translation>bereit</translation>
    </message>
    <message>
        <source>{count} prompts ready</source>
        <translation>{count} Prompts bereit</translation>
    </message>
    <message>
        <source>{reused} of {tokens}</source>
        <translation>{reused} von {tokens}</translation>
    </message>
    <message>
        <source>{size} in memory</source>
        <translation>{size} im Speicher</translation>
    </message>
    <message>
        <source>{size} of up to {limit} on disk</source>
        <translation>{size} von höchstens {limit} auf der Festplatte</translation>
    </message>
</context>
<context>
    <name>Quantizations</name>
    <message>
        <source>1-bit, poor quality</source>
        <translation>1 Bit, schlechte Qualität</translation>
    </message>
    <message>
        <source>16-bit, as the original</source>
        <translation>16 Bit, wie das Original</translation>
    </message>
    <message>
        <source>2-bit, low quality</source>
        <translation>2 Bit, geringe Qualität</translation>
    </message>
    <message>
        <source>3-bit, fair quality</source>
        <translation>3 Bit, mäßige Qualität</translation>
    </message>
    <message>
        <source>32-bit, as the original</source>
        <translation>32 Bit, wie das Original</translation>
    </message>
    <message>
        <source>4-bit, good quality</source>
        <translation>4 Bit, gute Qualität</translation>
    </message>
    <message>
        <source>5-bit, very good quality</source>
        <translation>5 Bit, sehr gute Qualität</translation>
    </message>
    <message>
        <source>6-bit, excellent quality</source>
        <translation>6 Bit, ausgezeichnete Qualität</translation>
    </message>
    <message>
        <source>8-bit, nearly as the original</source>
        <translation>8 Bit, fast wie das Original</translation>
    </message>
</context>
<context>
    <name>Question</name>
    <message>
        <source>Preheat</source>
        <translation>Preheat</translation>
    </message>
</context>
<context>
    <name>Race</name>
    <message>
        <source>Answer</source>
        <translation>Antwort</translation>
    </message>
    <message>
        <source>Load</source>
        <translation>Laden</translation>
    </message>
    <message>
        <source>Measured on this computer: loaded from the disk in {load} ({date}).</source>
        <translation>Auf diesem Computer gemessen: in {load} vom Datenträger geladen ({date}).</translation>
    </message>
    <message>
        <source>Measured on this computer: loaded from the file cache in {load} ({date}).</source>
        <translation>Auf diesem Computer gemessen: in {load} aus dem Dateicache geladen ({date}).</translation>
    </message>
    <message>
        <source>Measured on this computer: loaded in {load} ({date}).</source>
        <translation>Auf diesem Computer gemessen: in {load} geladen ({date}).</translation>
    </message>
    <message>
        <source>No load of {model} was measured yet.</source>
        <translation>Es wurde noch kein Laden von {model} gemessen.</translation>
    </message>
    <message>
        <source>No race</source>
        <translation>Kein Rennen</translation>
    </message>
    <message>
        <source>Prompt</source>
        <translation>Prompt</translation>
    </message>
    <message>
        <source>Read from the disk</source>
        <translation>Vom Datenträger lesen</translation>
    </message>
    <message>
        <source>Read from the file cache</source>
        <translation>Aus dem Dateicache lesen</translation>
    </message>
    <message>
        <source>Read the file</source>
        <translation>Datei lesen</translation>
    </message>
    <message>
        <source>Replayed {speed} times faster.</source>
        <translation>Wiedergabe {speed}-mal schneller.</translation>
    </message>
    <message>
        <source>Set up</source>
        <translation>Einrichten</translation>
    </message>
    <message>
        <source>Start</source>
        <translation>Starten</translation>
    </message>
    <message>
        <source>The first word came {count} times sooner</source>
        <translation>Das erste Wort kam {count}-mal früher</translation>
    </message>
    <message>
        <source>The first word came {seconds} sooner</source>
        <translation>Das erste Wort kam {seconds} früher</translation>
    </message>
    <message>
        <source>The prompt of {count} tokens takes at least {seconds}.</source>
        <translation>Der Prompt von {count} Token braucht mindestens {seconds}.</translation>
    </message>
    <message>
        <source>The prompt of {count} tokens takes {seconds}.</source>
        <translation>Der Prompt von {count} Token braucht {seconds}.</translation>
    </message>
    <message>
        <source>This request has no first word: its answer is a vector, or it failed.</source>
        <translation>Diese Anfrage hat kein erstes Wort: Die Antwort ist ein Vektor, oder sie ist gescheitert.</translation>
    </message>
    <message>
        <source>This request waited until its model was loaded.</source>
        <translation>Diese Anfrage hat gewartet, bis ihr Modell geladen war.</translation>
    </message>
    <message>
        <source>no race: its load was not measured yet</source>
        <translation>kein Rennen: Das Laden wurde noch nicht gemessen</translation>
    </message>
    <message>
        <source>waited for the model to load</source>
        <translation>hat auf das Laden des Modells gewartet</translation>
    </message>
    <message>
        <source>{hot} to the first word; cold, it takes at least {cold}</source>
        <translation>{hot} bis zum ersten Wort; kalt dauert es mindestens {cold}</translation>
    </message>
    <message>
        <source>{hot} to the first word; cold, it takes {cold}</source>
        <translation>{hot} bis zum ersten Wort; kalt dauert es {cold}</translation>
    </message>
    <message>
        <source>Show the &amp;race</source>
        <translation>&amp;Rennen zeigen</translation>
    </message>
    <message>
        <source>The first word came at least {count} times sooner</source>
        <translation>Das erste Wort kam mindestens {count}-mal früher</translation>
    </message>
</context>
<context>
    <name>RaceDialog</name>
    <message>
        <source>The race</source>
        <translation>Das Rennen</translation>
    </message>
    <message>
        <source>&amp;Replay</source>
        <translation>&amp;Wiederholen</translation>
    </message>
    <message>
        <source>&amp;Copy as picture</source>
        <translation>Als Bild &amp;kopieren</translation>
    </message>
    <message>
        <source>C&amp;lose</source>
        <translation>S&amp;chließen</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
</context>
<context>
    <name>RaceLanes</name>
    <message>
        <source>Not loaded</source>
        <translation>Nicht geladen</translation>
    </message>
    <message>
        <source>Ready, as measured</source>
        <translation>Bereit, wie gemessen</translation>
    </message>
</context>
<context>
    <name>RequestsPane</name>
    <message>
        <source>No requests in progress.</source>
        <translation>Keine laufenden Anfragen.</translation>
    </message>
    <message>
        <source>Filter</source>
        <translation>Filtern</translation>
    </message>
    <message>
        <source>Filter by app, model or reason</source>
        <translation>Nach App, Modell oder Grund filtern</translation>
    </message>
    <message>
        <source>Filter by app</source>
        <translation>Nach App filtern</translation>
    </message>
    <message>
        <source>All apps</source>
        <translation>Alle Apps</translation>
    </message>
    <message>
        <source>Filter by model</source>
        <translation>Nach Modell filtern</translation>
    </message>
    <message>
        <source>All models</source>
        <translation>Alle Modelle</translation>
    </message>
    <message>
        <source>&amp;Export…</source>
        <translation>&amp;Exportieren…</translation>
    </message>
    <message>
        <source>Save the requests that are shown as a CSV file</source>
        <translation>Die angezeigten Anfragen als CSV-Datei speichern</translation>
    </message>
    <message>
        <source>Requests will appear here, with their speed and what was reused of their prompts.</source>
        <translation>Hier erscheinen Anfragen, mit ihrem Tempo und dem, was von ihren Prompts wiederverwendet wurde.</translation>
    </message>
    <message>
        <source>{count} requests</source>
        <translation>{count} Anfragen</translation>
    </message>
    <message>
        <source>{shown} of {count} requests</source>
        <translation>{shown} von {count} Anfragen</translation>
    </message>
    <message>
        <source>unknown</source>
        <translation>unbekannt</translation>
    </message>
    <message>
        <source>Export requests</source>
        <translation>Anfragen exportieren</translation>
    </message>
    <message>
        <source>CSV files (*.csv)</source>
        <translation>CSV-Dateien (*.csv)</translation>
    </message>
    <message>
        <source>The requests are in {file}</source>
        <translation>Die Anfragen sind in {file}</translation>
    </message>
    <message>
        <source>Saved: {count}. Prompts and answers are not recorded.</source>
        <translation>Gespeichert: {count}. Prompts und Antworten werden nicht aufgezeichnet.</translation>
    </message>
    <message>
        <source>&amp;Show file</source>
        <translation>&amp;Datei zeigen</translation>
    </message>
    <message>
        <source>&amp;Close</source>
        <translation>&amp;Schließen</translation>
    </message>
    <message>
        <source>Replay this answer next to a cold start of its model</source>
        <translation>Diese Antwort neben einem Kaltstart des Modells wiedergeben</translation>
    </message>
    <message>
        <source>Show the &amp;race</source>
        <translation>&amp;Rennen zeigen</translation>
    </message>
    <message>
        <source>Select a request to compare it with a cold start of its model.</source>
        <translation>Eine Anfrage auswählen, um sie mit einem Kaltstart des Modells zu vergleichen.</translation>
    </message>
    <message>
        <source>1 request</source>
        <translation>1 Anfrage</translation>
    </message>
</context>
<context>
    <name>RequestsTable</name>
    <message>
        <source>App</source>
        <translation>App</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>Antwort</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>in progress</source>
        <translation>läuft</translation>
    </message>
    <message>
        <source>unknown</source>
        <translation>unbekannt</translation>
    </message>
    <message>
        <source>waiting for the model</source>
        <translation>wartet auf das Modell</translation>
    </message>
    <message>
        <source>{speed} tokens/s · {count} tokens</source>
        <translation>{speed} Token/s · {count} Token</translation>
    </message>
</context>
<context>
    <name>RequestsView</name>
    <message>
        <source>Requests in progress</source>
        <translation>Laufende Anfragen</translation>
    </message>
</context>
<context>
    <name>ReuseCard</name>
    <message>
        <source>Prompts reused</source>
        <translation>Wiederverwendete Prompts</translation>
    </message>
    <message>
        <source>Reused share of prompts over time</source>
        <translation>Wiederverwendeter Anteil der Prompts im Lauf der Zeit</translation>
    </message>
    <message>
        <source>The prefix cache hit rate: the share of prompt tokens that were not computed again. Prompts that were kept in memory and on disk saved {duration} of computing.</source>
        <translation>Die Trefferquote des Prompt-Caches: der Anteil der Prompt-Token, die nicht neu berechnet wurden. Im Speicher und auf der Festplatte gespeicherte Prompts haben {duration} Rechenzeit gespart.</translation>
    </message>
    <message>
        <source>of {tokens} tokens</source>
        <translation>von {tokens} Token</translation>
    </message>
    <message>
        <source>no prompts</source>
        <translation>keine Prompts</translation>
    </message>
    <message>
        <source>What is reused of your prompts appears after the first requests.</source>
        <translation>Was von den Prompts wiederverwendet wird, erscheint nach den ersten Anfragen.</translation>
    </message>
    <message>
        <source>No requests in this period.</source>
        <translation>Keine Anfragen in diesem Zeitraum.</translation>
    </message>
</context>
<context>
    <name>SearchSection</name>
    <message>
        <source>Choose a &amp;size…</source>
        <translation>&amp;Größe wählen…</translation>
    </message>
    <message>
        <source>&amp;Try again</source>
        <translation>E&amp;rneut versuchen</translation>
    </message>
    <message>
        <source>Search failed</source>
        <translation>Suche fehlgeschlagen</translation>
    </message>
    <message>
        <source>Nothing found</source>
        <translation>Nichts gefunden</translation>
    </message>
    <message>
        <source>Show &amp;suggestions</source>
        <translation>Vorschläge zeige&amp;n</translation>
    </message>
    <message>
        <source>Searching</source>
        <translation>Sucht</translation>
    </message>
    <message>
        <source>No model selected</source>
        <translation>Kein Modell gewählt</translation>
    </message>
    <message>
        <source>Models found</source>
        <translation>Gefundene Modelle</translation>
    </message>
    <message>
        <source>&amp;Other sizes…</source>
        <translation>&amp;Andere Größen…</translation>
    </message>
    <message>
        <source>Suggested by Preheat</source>
        <translation>Von Preheat vorgeschlagen</translation>
    </message>
    <message>
        <source>Hugging Face: no connection</source>
        <translation>Hugging Face: keine Verbindung</translation>
    </message>
    <message>
        <source>Hugging Face: search failed</source>
        <translation>Hugging Face: Suche fehlgeschlagen</translation>
    </message>
    <message>
        <source>Hugging Face: searching…</source>
        <translation>Hugging Face: Suche läuft…</translation>
    </message>
    <message>
        <source>On Hugging Face</source>
        <translation>Auf Hugging Face</translation>
    </message>
    <message>
        <source>Hugging Face: nothing more with these words</source>
        <translation>Hugging Face: nichts weiter mit diesen Wörtern</translation>
    </message>
    <message>
        <source>No suggestion has these words</source>
        <translation>Kein Vorschlag hat diese Wörter</translation>
    </message>
    <message>
        <source>Hugging Face has no GGUF model with these words in its name. Try fewer words.</source>
        <translation>Hugging Face hat kein GGUF-Modell mit diesen Wörtern im Namen. Weniger Wörter versuchen.</translation>
    </message>
    <message>
        <source>Preheat is searching Hugging Face.</source>
        <translation>Preheat sucht auf Hugging Face.</translation>
    </message>
    <message>
        <source>&amp;Download</source>
        <translation>&amp;Herunterladen</translation>
    </message>
    <message>
        <source>Clear the search to see suggestions, which work offline.</source>
        <translation>Alle Vorschläge erscheinen, wenn das Suchfeld leer ist.</translation>
    </message>
</context>
<context>
    <name>Settings</name>
    <message>
        <source>Automatic</source>
        <translation>Automatisch</translation>
    </message>
    <message>
        <source>On</source>
        <translation>Ein</translation>
    </message>
    <message>
        <source>Off</source>
        <translation>Aus</translation>
    </message>
    <message>
        <source>Least likely to be needed</source>
        <translation>Vermutlich am wenigsten gebraucht</translation>
    </message>
    <message>
        <source>Unused for longest</source>
        <translation>Am längsten ungenutzt</translation>
    </message>
    <message>
        <source>Models used before</source>
        <translation>Schon genutzte Modelle</translation>
    </message>
    <message>
        <source>All models</source>
        <translation>Alle Modelle</translation>
    </message>
    <message>
        <source>Ask</source>
        <translation>Nachfragen</translation>
    </message>
    <message>
        <source>In memory and on disk</source>
        <translation>Im Speicher und auf der Festplatte</translation>
    </message>
    <message>
        <source>Only in memory</source>
        <translation>Nur im Speicher</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>Debug</source>
        <translation>Fehlersuche</translation>
    </message>
    <message>
        <source>Normal</source>
        <translation>Normal</translation>
    </message>
    <message>
        <source>Warnings and errors</source>
        <translation>Warnungen und Fehler</translation>
    </message>
    <message>
        <source>Errors only</source>
        <translation>Nur Fehler</translation>
    </message>
    <message>
        <source>Use models</source>
        <translation>Modelle verwenden</translation>
    </message>
    <message>
        <source>Also manage models</source>
        <translation>Auch Modelle verwalten</translation>
    </message>
    <message>
        <source>Apps made with Tauri</source>
        <translation>Apps auf Basis von Tauri</translation>
    </message>
    <message>
        <source>Chrome extensions</source>
        <translation>Chrome-Erweiterungen</translation>
    </message>
    <message>
        <source>Firefox extensions</source>
        <translation>Firefox-Erweiterungen</translation>
    </message>
    <message>
        <source>Apps made with Capacitor or Ionic</source>
        <translation>Apps auf Basis von Capacitor oder Ionic</translation>
    </message>
    <message>
        <source>“{}”</source>
        <translation>„{}“</translation>
    </message>
    <message>
        <source>This build has no address to check, so this has no effect.</source>
        <translation>Dieser Build kennt keine Adresse dafür, also wirkt das nicht.</translation>
    </message>
    <message>
        <source>API keys</source>
        <translation>API-Schlüssel</translation>
    </message>
    <message>
        <source>Access</source>
        <translation>Zugriff</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Address that apps connect to; one that other computers can reach needs an API key.</source>
        <translation>Adresse, unter der Apps Preheat erreichen; ist sie für andere Rechner erreichbar, braucht sie einen API-Schlüssel.</translation>
    </message>
    <message>
        <source>Also write prompts to disk on battery power.</source>
        <translation>Prompts auch im Akkubetrieb auf den Datenträger schreiben.</translation>
    </message>
    <message>
        <source>Application</source>
        <translation>Anwendung</translation>
    </message>
    <message>
        <source>Colours of the windows; `auto` follows the system.</source>
        <translation>Farben der Fenster; `auto` folgt dem System.</translation>
    </message>
    <message>
        <source>Context length</source>
        <translation>Kontextlänge</translation>
    </message>
    <message>
        <source>Favourites</source>
        <translation>Favoriten</translation>
    </message>
    <message>
        <source>Flash attention</source>
        <translation>Flash-Attention</translation>
    </message>
    <message>
        <source>KV cache</source>
        <translation>KV-Cache</translation>
    </message>
    <message>
        <source>Keep free</source>
        <translation>Frei halten</translation>
    </message>
    <message>
        <source>Keep history for</source>
        <translation>Verlauf aufbewahren</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Sprache</translation>
    </message>
    <message>
        <source>Largest request</source>
        <translation>Größte Anfrage</translation>
    </message>
    <message>
        <source>Layers on the GPU</source>
        <translation>Schichten auf der GPU</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Memory limit</source>
        <translation>Speichergrenze</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Notifications</source>
        <translation>Mitteilungen</translation>
    </message>
    <message>
        <source>Port</source>
        <translation>Port</translation>
    </message>
    <message>
        <source>Apps with a built-in browser that may connect; other apps need no permission.</source>
        <translation>Apps mit eingebautem Browser, die sich verbinden dürfen; andere Apps brauchen keine Erlaubnis.</translation>
    </message>
    <message>
        <source>Also put models on graphics cards on battery power. Otherwise favourites move to the processor after a minute, so that the graphics card can sleep.</source>
        <translation>Modelle auch im Akkubetrieb auf Grafikkarten legen. Sonst wechseln Favoriten nach einer Minute zum Prozessor, damit die Grafikkarte ruhen kann.</translation>
    </message>
    <message>
        <source>Check once a day for a newer version. Only Preheat&apos;s version is sent, and nothing is downloaded.</source>
        <translation>Einmal am Tag nach einer neueren Version sehen. Gesendet wird nur die Version von Preheat, heruntergeladen wird nichts.</translation>
    </message>
    <message>
        <source>Days after which a use counts half.</source>
        <translation>Tage, nach denen eine Nutzung nur noch halb zählt.</translation>
    </message>
    <message>
        <source>Devices</source>
        <translation>Geräte</translation>
    </message>
    <message>
        <source>Graphics cards on battery</source>
        <translation>Grafikkarten im Akkubetrieb</translation>
    </message>
    <message>
        <source>Graphics cards that models use, the first one first: names such as `Vulkan0`, or parts of their makers&apos; names; `cpu` for none. `auto` takes those with memory of their own, otherwise an integrated one that is measured to be faster than the processor.</source>
        <translation>Grafikkarten, die Modelle nutzen, die erste zuerst: Namen wie `Vulkan0` oder Teile der Herstellernamen; `cpu` für keine. `auto` nimmt die mit eigenem Speicher, sonst eine integrierte, die gemessen schneller als der Prozessor ist.</translation>
    </message>
    <message>
        <source>How long requests in progress may take to finish when Preheat quits, in seconds.</source>
        <translation>Wie lange laufende Anfragen beim Beenden von Preheat noch brauchen dürfen, in Sekunden.</translation>
    </message>
    <message>
        <source>How long the figures of each request are kept; daily sums are kept after that. 0 keeps none.</source>
        <translation>Wie lange die Werte jeder Anfrage aufbewahrt werden; danach bleiben Tagessummen. 0 speichert keine.</translation>
    </message>
    <message>
        <source>How many downloads run at the same time; 0 stops all downloads.</source>
        <translation>Wie viele Downloads gleichzeitig laufen; 0 hält alle an.</translation>
    </message>
    <message>
        <source>How many recent embeddings are kept in memory; 0 keeps none.</source>
        <translation>Wie viele der letzten Embeddings im Speicher bleiben; 0 behält keine.</translation>
    </message>
    <message>
        <source>How many requests may wait for one model; others are refused with status 503.</source>
        <translation>Wie viele Anfragen auf ein Modell warten dürfen; weitere werden mit Status 503 abgelehnt.</translation>
    </message>
    <message>
        <source>How much a preload that is not used counts, compared with a request that waits for the same load. With a higher price, fewer models are preloaded; with 0, all that may be needed.</source>
        <translation>Wie viel unnötiges Vorladen zählt, verglichen mit einer Anfrage, die auf dasselbe Laden wartet. Bei einem höheren Preis werden weniger Modelle vorgeladen, bei 0 alle, die gebraucht werden könnten.</translation>
    </message>
    <message>
        <source>Keep an empty process running, so that models load sooner.</source>
        <translation>Einen leeren Prozess bereithalten, damit Modelle schneller laden.</translation>
    </message>
    <message>
        <source>Keys that apps may send; if there are none, no key is required.</source>
        <translation>Schlüssel, die Apps senden dürfen; ohne Schlüssel wird keiner verlangt.</translation>
    </message>
    <message>
        <source>Let programs of this computer&apos;s other users connect without a key. Only Linux tells them apart.</source>
        <translation>Programme anderer Benutzer dieses Computers ohne Schlüssel verbinden lassen. Nur Linux unterscheidet sie.</translation>
    </message>
    <message>
        <source>Load models in the background, before an app asks for them.</source>
        <translation>Modelle im Hintergrund laden, bevor eine App sie braucht.</translation>
    </message>
    <message>
        <source>Memory that is always left to other programs.</source>
        <translation>Speicher, der anderen Programmen immer bleibt.</translation>
    </message>
    <message>
        <source>Models that are kept ready whenever they fit, most important first; `auto` means the starter models if there are no others.</source>
        <translation>Modelle, die bereit bleiben, solange sie passen, das wichtigste zuerst; `auto` sind die Startmodelle, falls es keine anderen gibt.</translation>
    </message>
    <message>
        <source>Names that apps may use for this computer, in addition to localhost.</source>
        <translation>Namen, unter denen Apps diesen Computer ansprechen dürfen, zusätzlich zu localhost.</translation>
    </message>
    <message>
        <source>Other folders with models. Their files are never changed.</source>
        <translation>Weitere Ordner mit Modellen. Die Dateien darin werden nie geändert.</translation>
    </message>
    <message>
        <source>Port that apps connect to; 0 takes any free one.</source>
        <translation>Port, mit dem sich Apps verbinden; 0 nimmt irgendeinen freien.</translation>
    </message>
    <message>
        <source>Precision of the KV cache; q8_0 takes half the memory, q4_0 a quarter.</source>
        <translation>Genauigkeit des KV-Caches; q8_0 braucht die Hälfte des Speichers, q4_0 ein Viertel.</translation>
    </message>
    <message>
        <source>Preload at login</source>
        <translation>Beim Anmelden vorladen</translation>
    </message>
    <message>
        <source>Preload on battery</source>
        <translation>Im Akkubetrieb vorladen</translation>
    </message>
    <message>
        <source>Preload right after login. Otherwise, preloading starts with the first request.</source>
        <translation>Gleich nach dem Anmelden vorladen. Sonst beginnt das Vorladen mit der ersten Anfrage.</translation>
    </message>
    <message>
        <source>Preload the model that the app usually uses next.</source>
        <translation>Das Modell vorladen, das die App gewöhnlich als Nächstes nutzt.</translation>
    </message>
    <message>
        <source>Preload the models that you are likely to need next, learned from your use. Otherwise, only favourites and expected ones.</source>
        <translation>Die Modelle vorladen, die nach der bisherigen Nutzung wahrscheinlich als Nächstes gebraucht werden. Sonst nur Favoriten und erwartete.</translation>
    </message>
    <message>
        <source>Preloading</source>
        <translation>Vorladen</translation>
    </message>
    <message>
        <source>Programs that share their models with Preheat. Their files are used in place and never changed.</source>
        <translation>Programme, die ihre Modelle mit Preheat teilen. Deren Dateien werden an Ort und Stelle verwendet und nie geändert.</translation>
    </message>
    <message>
        <source>Requests a model answers at the same time; they share its KV cache. `auto` chooses for each model, up to 16.</source>
        <translation>Anfragen, die ein Modell gleichzeitig beantwortet; sie teilen seinen KV-Cache. `auto` wählt für jedes Modell, bis 16.</translation>
    </message>
    <message>
        <source>Requests the model answers at the same time; they share its KV cache. `auto` chooses for it, up to 16.</source>
        <translation>Anfragen, die das Modell gleichzeitig beantwortet; sie teilen seinen KV-Cache. `auto` wählt für das Modell, bis 16.</translation>
    </message>
    <message>
        <source>Spare worker</source>
        <translation>Arbeitsprozess in Reserve</translation>
    </message>
    <message>
        <source>The largest request that is accepted.</source>
        <translation>Die größte Anfrage, die angenommen wird.</translation>
    </message>
    <message>
        <source>The longest time a request waits for its model, in seconds.</source>
        <translation>Längste Wartezeit einer Anfrage auf ihr Modell, in Sekunden.</translation>
    </message>
    <message>
        <source>The most disk space kept prompts may use; a share is of the free space, up to 20 GB. 0 keeps none on disk.</source>
        <translation>So viel Speicherplatz dürfen gespeicherte Prompts höchstens belegen; ein Anteil bezieht sich auf den freien Platz und gilt bis 20 GB. 0 speichert keine auf dem Datenträger.</translation>
    </message>
    <message>
        <source>The most that is written to disk in a day.</source>
        <translation>So viel wird an einem Tag höchstens auf den Datenträger geschrieben.</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Erscheinungsbild</translation>
    </message>
    <message>
        <source>Threads</source>
        <translation>Threads</translation>
    </message>
    <message>
        <source>Threads per model. `auto` follows the machine: up to one per performance core, fewer while other programs are busy.</source>
        <translation>Threads je Modell. `auto` richtet sich nach dem Rechner: bis zu einem je Leistungskern, weniger, während andere Programme rechnen.</translation>
    </message>
    <message>
        <source>Unload when unused</source>
        <translation>Bei Nichtgebrauch entladen</translation>
    </message>
    <message>
        <source>Wait when quitting</source>
        <translation>Wartezeit beim Beenden</translation>
    </message>
    <message>
        <source>Web pages</source>
        <translation>Webseiten</translation>
    </message>
    <message>
        <source>Web pages and apps with a built-in browser that may connect, in addition to pages from this computer.</source>
        <translation>Webseiten und Apps mit eingebautem Browser, die sich verbinden dürfen, zusätzlich zu Seiten von diesem Computer.</translation>
    </message>
    <message>
        <source>Where computed prompts are kept, so that they need not be computed again after their model was unloaded: `disk` keeps them over a restart, `memory` while Preheat runs.</source>
        <translation>Wo berechnete Prompts aufbewahrt werden, damit sie nach dem Entladen ihres Modells nicht neu berechnet werden müssen: `disk` behält sie über einen Neustart, `memory`, solange Preheat läuft.</translation>
    </message>
    <message>
        <source>Where downloads are stored; `auto` is the system&apos;s standard location.</source>
        <translation>Wo Downloads gespeichert werden; `auto` ist der übliche Ort des Systems.</translation>
    </message>
    <message>
        <source>Also listen on port 11434, where programs look for Ollama, if no other program has it.</source>
        <translation>Auch an Port 11434 lauschen, an dem Programme Ollama suchen, falls kein anderes Programm ihn hat.</translation>
    </message>
    <message>
        <source>Access rules</source>
        <translation>Zugriffsregeln</translation>
    </message>
    <message>
        <source>Also preload on battery power.</source>
        <translation>Auch bei Akkubetrieb vorladen.</translation>
    </message>
    <message>
        <source>Answers that repeat their prompt take several tokens at a time from it, where that is faster.</source>
        <translation>Antworten, die ihren Prompt wiederholen, übernehmen daraus mehrere Token auf einmal, wo das schneller ist.</translation>
    </message>
    <message>
        <source>Answers that repeat their prompt, such as an edited file, take several tokens at a time from it; the model checks each one. `auto` means where measurements show that it is faster.</source>
        <translation>Antworten, die ihren Prompt wiederholen, etwa eine bearbeitete Datei, übernehmen daraus mehrere Token auf einmal; das Modell prüft jedes. `auto` heißt: wo Messungen zeigen, dass es schneller ist.</translation>
    </message>
    <message>
        <source>Apps</source>
        <translation>Apps</translation>
    </message>
    <message>
        <source>Compute attention without large intermediate buffers.</source>
        <translation>Attention ohne große Zwischenspeicher berechnen.</translation>
    </message>
    <message>
        <source>Disk space</source>
        <translation>Speicherplatz</translation>
    </message>
    <message>
        <source>Draft answers</source>
        <translation>Antworten entwerfen</translation>
    </message>
    <message>
        <source>Embedding cache</source>
        <translation>Embedding-Cache</translation>
    </message>
    <message>
        <source>Experts in RAM</source>
        <translation>Experten im RAM</translation>
    </message>
    <message>
        <source>Graphics memory</source>
        <translation>Grafikspeicher</translation>
    </message>
    <message>
        <source>Host names</source>
        <translation>Hostnamen</translation>
    </message>
    <message>
        <source>How much is written to the log.</source>
        <translation>Wie viel im Protokoll steht.</translation>
    </message>
    <message>
        <source>Idle time before the model is unloaded, in seconds; `auto` keeps it until its memory is needed.</source>
        <translation>Ruhezeit in Sekunden, nach der das Modell entladen wird; `auto` behält es, bis sein Speicher gebraucht wird.</translation>
    </message>
    <message>
        <source>Keep after use</source>
        <translation>Nach Nutzung behalten</translation>
    </message>
    <message>
        <source>Keep prompts</source>
        <translation>Prompts speichern</translation>
    </message>
    <message>
        <source>Language of the windows, after a restart; `auto` follows the system.</source>
        <translation>Sprache der Fenster nach einem Neustart; `auto` folgt dem System.</translation>
    </message>
    <message>
        <source>Layers to put on graphics cards, the output layer counted; -1 means as many as fit.</source>
        <translation>Schichten, die auf Grafikkarten kommen, die Ausgabeschicht mitgezählt; -1 bedeutet: so viele wie passen.</translation>
    </message>
    <message>
        <source>Load timeout</source>
        <translation>Zeitlimit beim Laden</translation>
    </message>
    <message>
        <source>Log detail</source>
        <translation>Ausführlichkeit des Protokolls</translation>
    </message>
    <message>
        <source>Look for updates</source>
        <translation>Nach Updates suchen</translation>
    </message>
    <message>
        <source>Memory for games</source>
        <translation>Speicher für Spiele</translation>
    </message>
    <message>
        <source>Models folder</source>
        <translation>Modellordner</translation>
    </message>
    <message>
        <source>More folders</source>
        <translation>Weitere Ordner</translation>
    </message>
    <message>
        <source>Notify when the favourites are ready and when something fails.</source>
        <translation>Benachrichtigen, wenn die Favoriten bereit sind und wenn etwas fehlschlägt.</translation>
    </message>
    <message>
        <source>Ollama&apos;s port</source>
        <translation>Port von Ollama</translation>
    </message>
    <message>
        <source>Other programs</source>
        <translation>Andere Programme</translation>
    </message>
    <message>
        <source>Other users</source>
        <translation>Andere Benutzer</translation>
    </message>
    <message>
        <source>Parallel downloads</source>
        <translation>Gleichzeitige Downloads</translation>
    </message>
    <message>
        <source>Parallel requests</source>
        <translation>Gleichzeitige Anfragen</translation>
    </message>
    <message>
        <source>Preload by habit</source>
        <translation>Nach Gewohnheit vorladen</translation>
    </message>
    <message>
        <source>Preload when an app starts</source>
        <translation>Beim Start einer App vorladen</translation>
    </message>
    <message>
        <source>Price of a wasted preload</source>
        <translation>Preis für unnötiges Vorladen</translation>
    </message>
    <message>
        <source>Price on battery</source>
        <translation>Preis im Akkubetrieb</translation>
    </message>
    <message>
        <source>Prompts</source>
        <translation>Prompts</translation>
    </message>
    <message>
        <source>Queue length</source>
        <translation>Länge der Warteschlange</translation>
    </message>
    <message>
        <source>Rearrange weights for faster computation, which takes longer to load and more memory. `auto` does it in the background, while a model rests, if there is room and it gains at least 10 % here.</source>
        <translation>Gewichte für schnelleres Rechnen umordnen; das dauert beim Laden länger und braucht mehr Speicher. `auto` tut das im Hintergrund, während ein Modell ruht, wenn Platz ist und es hier mindestens 10 % bringt.</translation>
    </message>
    <message>
        <source>Rearrange weights for faster computation; loading takes longer and needs more memory.</source>
        <translation>Gewichte für schnelleres Rechnen umordnen; Laden dauert länger und braucht mehr Speicher.</translation>
    </message>
    <message>
        <source>Repack weights</source>
        <translation>Gewichte umordnen</translation>
    </message>
    <message>
        <source>The longest prompt plus answer, in tokens; `auto` grows once a request needs more.</source>
        <translation>Längster Prompt samt Antwort in Token; `auto` wächst, sobald eine Anfrage mehr braucht.</translation>
    </message>
    <message>
        <source>The longest prompt plus answer, in tokens; never more than a model was trained for. `auto` begins with what most requests need and the memory allows, and grows once a request needs more.</source>
        <translation>Längster Prompt samt Antwort in Token; nie mehr, als ein Modell trainiert wurde. `auto` beginnt mit dem, was die meisten Anfragen brauchen und der Speicher erlaubt, und wächst, sobald eine Anfrage mehr braucht.</translation>
    </message>
    <message>
        <source>The most memory all loaded models and kept prompts may use.</source>
        <translation>So viel Speicher dürfen alle geladenen Modelle und gespeicherten Prompts zusammen höchstens belegen.</translation>
    </message>
    <message>
        <source>The most memory that loaded models may use of each graphics card.</source>
        <translation>Der meiste Speicher, den geladene Modelle von jeder Grafikkarte nutzen dürfen.</translation>
    </message>
    <message>
        <source>The price of a wasted preload on battery power, if `preload_on_battery` is on.</source>
        <translation>Der Preis für unnötiges Vorladen im Akkubetrieb, wenn `preload_on_battery` an ist.</translation>
    </message>
    <message>
        <source>Time after the last request of a model in which no preload takes its place, in seconds.</source>
        <translation>Zeit nach der letzten Anfrage an ein Modell, in der kein vorgeladenes seinen Platz einnimmt, in Sekunden.</translation>
    </message>
    <message>
        <source>Unload first</source>
        <translation>Zuerst entladen</translation>
    </message>
    <message>
        <source>Usage half-life</source>
        <translation>Halbwertszeit der Nutzung</translation>
    </message>
    <message>
        <source>Web pages may</source>
        <translation>Webseiten dürfen</translation>
    </message>
    <message>
        <source>What web pages and apps with a built-in browser may do: use models, or also manage models and preloading.</source>
        <translation>Was Webseiten und Apps mit eingebautem Browser dürfen: Modelle verwenden oder auch Modelle und Vorladen verwalten.</translation>
    </message>
    <message>
        <source>When a game or another program fills the screen: `ask` offers to unload the models until it ends, `auto` unloads them.</source>
        <translation>Wenn ein Spiel oder ein anderes Programm den Bildschirm füllt: `ask` bietet an, die Modelle bis zu seinem Ende zu entladen, `auto` entlädt sie.</translation>
    </message>
    <message>
        <source>Where a mixture of experts has its experts: `auto` keeps those in RAM that do not fit on the graphics card, `on` all, `off` none.</source>
        <translation>Wo ein Modell aus Experten diese hat: `auto` lässt die im RAM, die nicht auf die Grafikkarte passen, `on` alle, `off` keine.</translation>
    </message>
    <message>
        <source>Where a mixture of experts has its experts: `auto` keeps those in RAM that do not fit on the graphics card.</source>
        <translation>Wo ein Modell aus Experten diese hat: `auto` lässt die im RAM, die nicht auf die Grafikkarte passen.</translation>
    </message>
    <message>
        <source>Which model leaves when a request needs its memory. `foresight` considers your habits and the time of a load, `lru` only the last use.</source>
        <translation>Welches Modell geht, wenn eine Anfrage Speicher braucht. `foresight` berücksichtigt Gewohnheiten und Ladezeit, `lru` nur die letzte Nutzung.</translation>
    </message>
    <message>
        <source>Which models a key or a program may use, and who goes first: `program NAME; MODELS; PRIORITY` with `*` for any characters. Without a matching rule, all models may be used.</source>
        <translation>Welche Modelle ein Schlüssel oder ein Programm verwenden darf und wer zuerst an der Reihe ist: `program NAME; MODELLE; VORRANG` mit `*` für beliebige Zeichen. Ohne passende Regel dürfen alle Modelle verwendet werden.</translation>
    </message>
    <message>
        <source>Write on battery</source>
        <translation>Im Akkubetrieb schreiben</translation>
    </message>
    <message>
        <source>Written per day</source>
        <translation>Schreiben je Tag</translation>
    </message>
    <message>
        <source>days</source>
        <translation>Tage</translation>
    </message>
    <message>
        <source>entries</source>
        <translation>Einträge</translation>
    </message>
    <message>
        <source>requests</source>
        <translation>Anfragen</translation>
    </message>
    <message>
        <source>s</source>
        <translation>s</translation>
    </message>
    <message>
        <source>tokens</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>Read ahead</source>
        <translation>Vorauslesen</translation>
    </message>
    <message>
        <source>Read ahead at most</source>
        <translation>Höchstens vorauslesen</translation>
    </message>
    <message>
        <source>The most free memory that files read ahead may fill. It is given back when programs need it.</source>
        <translation>So viel freien Speicher dürfen vorausgelesene Dateien höchstens füllen. Programme bekommen ihn zurück, wenn sie ihn brauchen.</translation>
    </message>
    <message>
        <source>Which files are read into free memory on mains power while there are no requests, so that their models load faster: those of favourites and of models that were used before, or of all.</source>
        <translation>Welche Dateien bei Netzbetrieb in freien Speicher gelesen werden, solange es keine Anfragen gibt, damit ihre Modelle schneller laden: die von Favoriten und früher benutzten Modellen, oder alle.</translation>
    </message>
</context>
<context>
    <name>SettingsDialog</name>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Pages</source>
        <translation>Seiten</translation>
    </message>
    <message>
        <source>&amp;OK</source>
        <translation>&amp;OK</translation>
    </message>
    <message>
        <source>&amp;Apply</source>
        <translation>&amp;Anwenden</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Changed elsewhere to {}. Your text is kept.</source>
        <translation>Anderswo auf {} geändert. Der eigene Text bleibt.</translation>
    </message>
    <message>
        <source>Applies after restart.</source>
        <translation>Wirkt nach einem Neustart.</translation>
    </message>
    <message>
        <source>Applies when the running Preheat is restarted.</source>
        <translation>Wirkt, sobald das laufende Preheat neu startet.</translation>
    </message>
    <message>
        <source>Applying this closes and reopens the port.</source>
        <translation>Beim Anwenden wird der Port geschlossen und wieder geöffnet.</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Suchen</translation>
    </message>
    <message>
        <source>Search the settings (Ctrl+F)</source>
        <translation>Einstellungen durchsuchen (Strg+F)</translation>
    </message>
    <message>
        <source>Nothing matches</source>
        <translation>Keine Treffer</translation>
    </message>
    <message>
        <source>No setting has these words.</source>
        <translation>Keine Einstellung hat diese Wörter.</translation>
    </message>
    <message>
        <source>&amp;Show all settings</source>
        <translation>Alle Einstellungen &amp;zeigen</translation>
    </message>
    <message>
        <source>&amp;Reset page</source>
        <translation>Seite zu&amp;rücksetzen</translation>
    </message>
    <message>
        <source>Show this page&apos;s defaults. They apply with OK or Apply.</source>
        <translation>Die Vorgaben dieser Seite zeigen. Wirksam werden sie mit „OK“ oder „Anwenden“.</translation>
    </message>
</context>
<context>
    <name>SettingsPage</name>
    <message>
        <source>&amp;More</source>
        <translation>&amp;Mehr</translation>
    </message>
</context>
<context>
    <name>Shortcuts</name>
    <message>
        <source>Close the window</source>
        <translation>Fenster schließen</translation>
    </message>
    <message>
        <source>Copy the name</source>
        <translation>Namen kopieren</translation>
    </message>
    <message>
        <source>Delete from disk</source>
        <translation>Vom Datenträger löschen</translation>
    </message>
    <message>
        <source>Everywhere</source>
        <translation>Überall</translation>
    </message>
    <message>
        <source>Help</source>
        <translation>Hilfe</translation>
    </message>
    <message>
        <source>Keep the present limit</source>
        <translation>Die jetzige Grenze behalten</translation>
    </message>
    <message>
        <source>Load or unload</source>
        <translation>Laden oder entladen</translation>
    </message>
    <message>
        <source>Go to another block, or change the memory limit</source>
        <translation>Zu einem anderen Block gehen oder die Speichergrenze ändern</translation>
    </message>
    <message>
        <source>Mark as favourite, or not</source>
        <translation>Als Favorit merken oder nicht</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Open the model&apos;s menu, or apply the limit</source>
        <translation>Das Menü des Modells öffnen oder die Grenze übernehmen</translation>
    </message>
    <message>
        <source>Overview</source>
        <translation>Übersicht</translation>
    </message>
    <message>
        <source>Search on this page</source>
        <translation>Auf dieser Seite suchen</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>Senden</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Show a page</source>
        <translation>Eine Seite zeigen</translation>
    </message>
    <message>
        <source>Unload the model</source>
        <translation>Das Modell entladen</translation>
    </message>
    <message>
        <source>Show the file</source>
        <translation>Datei zeigen</translation>
    </message>
    <message>
        <source>Start a new line</source>
        <translation>Neue Zeile beginnen</translation>
    </message>
    <message>
        <source>Stop the answer</source>
        <translation>Antwort anhalten</translation>
    </message>
    <message>
        <source>Try it</source>
        <translation>Ausprobieren</translation>
    </message>
</context>
<context>
    <name>TimeSavedCard</name>
    <message>
        <source>Time saved</source>
        <translation>Gesparte Zeit</translation>
    </message>
    <message>
        <source>Time saved over time</source>
        <translation>Gesparte Zeit im Zeitverlauf</translation>
    </message>
    <message>
        <source>Load times that requests did not wait for. Counted only where another server would have unloaded the model: for the first request after a preload, and after five idle minutes.</source>
        <translation>Ladezeiten, auf die Anfragen nicht warten mussten. Gezählt nur, wo ein anderer Server das Modell entladen hätte: bei der ersten Anfrage nach dem Vorladen und nach fünf Minuten Leerlauf.</translation>
    </message>
    <message>
        <source>of waiting saved today</source>
        <translation>Wartezeit heute gespart</translation>
    </message>
    <message>
        <source>of waiting saved in 7 days</source>
        <translation>Wartezeit in 7 Tagen gespart</translation>
    </message>
    <message>
        <source>of waiting saved in 90 days</source>
        <translation>Wartezeit in 90 Tagen gespart</translation>
    </message>
    <message>
        <source>Your time saved appears after the first requests.</source>
        <translation>Die gesparte Zeit erscheint nach den ersten Anfragen.</translation>
    </message>
    <message>
        <source>No time saved in this period.</source>
        <translation>Keine Zeit gespart in diesem Zeitraum.</translation>
    </message>
</context>
<context>
    <name>Timeline</name>
    <message>
        <source>Timeline</source>
        <translation>Zeitleiste</translation>
    </message>
</context>
<context>
    <name>Transcript</name>
    <message>
        <source>Conversation</source>
        <translation>Gespräch</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
    <message>
        <source>Thinking…</source>
        <translation>Denkt nach …</translation>
    </message>
    <message>
        <source>Hide the thinking</source>
        <translation>Gedankengang ausblenden</translation>
    </message>
    <message>
        <source>Show the thinking</source>
        <translation>Gedankengang zeigen</translation>
    </message>
    <message>
        <source>Show the race</source>
        <translation>Rennen zeigen</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
</context>
<context>
    <name>TrayMenu</name>
    <message>
        <source>Preheat</source>
        <translation>Preheat</translation>
    </message>
    <message>
        <source>&amp;Preloading</source>
        <translation>&amp;Vorladen</translation>
    </message>
    <message>
        <source>Preload at &amp;login</source>
        <translation>Beim An&amp;melden vorladen</translation>
    </message>
    <message>
        <source>&amp;Favourites</source>
        <translation>&amp;Favoriten</translation>
    </message>
    <message>
        <source>{name} (missing)</source>
        <translation>{name} (fehlt)</translation>
    </message>
    <message>
        <source>No models yet</source>
        <translation>Noch keine Modelle</translation>
    </message>
    <message>
        <source>&amp;All models…</source>
        <translation>&amp;Alle Modelle…</translation>
    </message>
    <message>
        <source>L&amp;oaded models</source>
        <translation>&amp;Geladene Modelle</translation>
    </message>
    <message>
        <source>No models loaded</source>
        <translation>Keine Modelle geladen</translation>
    </message>
    <message>
        <source>P&amp;ause</source>
        <translation>&amp;Pause</translation>
    </message>
    <message>
        <source>&amp;Resume now</source>
        <translation>Jetzt fo&amp;rtsetzen</translation>
    </message>
    <message>
        <source>For 1 &amp;hour</source>
        <translation>Für 1 &amp;Stunde</translation>
    </message>
    <message>
        <source>{size} available</source>
        <translation>{size} verfügbar</translation>
    </message>
    <message>
        <source>Unload all for 15 &amp;minutes</source>
        <translation>Alle für 15 &amp;Minuten entladen</translation>
    </message>
    <message>
        <source>For 15 &amp;minutes</source>
        <translation>Für 15 &amp;Minuten</translation>
    </message>
    <message>
        <source>Until I &amp;end it</source>
        <translation>Bis zum &amp;Beenden</translation>
    </message>
    <message>
        <source>Until &amp;tomorrow</source>
        <translation>Bis &amp;morgen</translation>
    </message>
    <message>
        <source>Until &amp;I resume</source>
        <translation>Bis &amp;auf Weiteres</translation>
    </message>
    <message>
        <source>&amp;Dashboard</source>
        <translation>&amp;Dashboard</translation>
    </message>
    <message>
        <source>&amp;Copy address</source>
        <translation>Adresse &amp;kopieren</translation>
    </message>
    <message>
        <source>&amp;Settings…</source>
        <translation>&amp;Einstellungen…</translation>
    </message>
    <message>
        <source>A&amp;bout Preheat</source>
        <translation>&amp;Über Preheat</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>&amp;Beenden</translation>
    </message>
    <message>
        <source>Version {version} is available…</source>
        <translation>Version {version} ist verfügbar…</translation>
    </message>
    <message>
        <source>Unloading {model}</source>
        <translation>{model} wird entladen</translation>
    </message>
    <message>
        <source>Unload {model} ({size})</source>
        <translation>{model} entladen ({size})</translation>
    </message>
    <message>
        <source>Cancel loading {model}</source>
        <translation>Laden von {model} abbrechen</translation>
    </message>
    <message>
        <source>Cancel loading {model} ({percent})</source>
        <translation>Laden von {model} abbrechen ({percent})</translation>
    </message>
    <message>
        <source>{what} (set by {source})</source>
        <translation>{what} (durch {source} festgelegt)</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Hilfe</translation>
    </message>
    <message>
        <source>Load a mod&amp;el</source>
        <translation>Modell l&amp;aden</translation>
    </message>
    <message>
        <source>All models are loaded</source>
        <translation>Alle Modelle sind geladen</translation>
    </message>
    <message>
        <source>&amp;Make room</source>
        <translation>Platz &amp;schaffen</translation>
    </message>
    <message>
        <source>Unload all for 1 &amp;hour</source>
        <translation>Alle für 1 &amp;Stunde entladen</translation>
    </message>
    <message>
        <source>Unload all until I &amp;end it</source>
        <translation>Alle entladen bis zum &amp;Ende von Hand</translation>
    </message>
    <message>
        <source>&amp;Load them again now</source>
        <translation>Jetzt wieder &amp;laden</translation>
    </message>
    <message>
        <source>{model} ({size})</source>
        <translation>{model} ({size})</translation>
    </message>
</context>
<context>
    <name>Try</name>
    <message>
        <source>1 token</source>
        <translation>1 Token</translation>
    </message>
    <message>
        <source>a vector of {count} numbers · {duration}</source>
        <translation>ein Vektor aus {count} Zahlen · {duration}</translation>
    </message>
    <message>
        <source>cut off: the context is full</source>
        <translation>abgeschnitten: der Kontext ist voll</translation>
    </message>
    <message>
        <source>first word after {duration}</source>
        <translation>erstes Wort nach {duration}</translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>{count} tokens</source>
        <translation>{count} Token</translation>
    </message>
    <message>
        <source>{speed} tokens/s</source>
        <translation>{speed} Token/s</translation>
    </message>
</context>
<context>
    <name>TryPage</name>
    <message>
        <source>Delete this conversation and start another</source>
        <translation>Diese Unterhaltung löschen und eine neue beginnen</translation>
    </message>
    <message>
        <source>&amp;New conversation</source>
        <translation>&amp;Neues Gespräch</translation>
    </message>
    <message>
        <source>S&amp;end</source>
        <translation>&amp;Senden</translation>
    </message>
    <message>
        <source>S&amp;top</source>
        <translation>&amp;Anhalten</translation>
    </message>
    <message>
        <source>Ask something. Enter sends, Shift+Enter starts a new line</source>
        <translation>Etwas fragen. Eingabe sendet, Umschalt+Eingabe beginnt eine neue Zeile</translation>
    </message>
    <message>
        <source>Enter a text to see its vector. Enter sends, Shift+Enter starts a new line</source>
        <translation>Text eingeben, um seinen Vektor zu sehen. Eingabe sendet, Umschalt+Eingabe beginnt eine neue Zeile</translation>
    </message>
    <message>
        <source>Download a model on the Downloads page.</source>
        <translation>Auf der Seite „Downloads“ ein Modell herunterladen.</translation>
    </message>
    <message>
        <source>Stop the answer (Esc)</source>
        <translation>Die Antwort anhalten (Esc)</translation>
    </message>
    <message>
        <source>Try it</source>
        <translation>Ausprobieren</translation>
    </message>
    <message>
        <source>See a text&apos;s vector</source>
        <translation>Den Vektor eines Textes ansehen</translation>
    </message>
    <message>
        <source>Ask a model</source>
        <translation>Ein Modell fragen</translation>
    </message>
    <message>
        <source>Your text stays on this computer and is not saved.</source>
        <translation>Der Text bleibt auf diesem Computer und wird nicht gespeichert.</translation>
    </message>
    <message>
        <source>No models yet</source>
        <translation>Noch keine Modelle</translation>
    </message>
    <message>
        <source>One moment</source>
        <translation>Einen Moment</translation>
    </message>
    <message>
        <source>Preheat is looking for models.</source>
        <translation>Preheat sucht nach Modellen.</translation>
    </message>
    <message>
        <source>&amp;Try again</source>
        <translation>&amp;Erneut versuchen</translation>
    </message>
    <message>
        <source>Open this link?</source>
        <translation>Diesen Link öffnen?</translation>
    </message>
    <message>
        <source>&amp;Open</source>
        <translation>Öff&amp;nen</translation>
    </message>
    <message>
        <source>&amp;Cancel</source>
        <translation>&amp;Abbrechen</translation>
    </message>
    <message>
        <source>Add pictures</source>
        <translation>Bilder hinzufügen</translation>
    </message>
    <message>
        <source>Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.gif)</source>
        <translation>Bilder (*.png *.jpg *.jpeg *.webp *.bmp *.gif)</translation>
    </message>
    <message>
        <source>All files (*)</source>
        <translation>Alle Dateien (*)</translation>
    </message>
    <message>
        <source>A question can have {count} pictures.</source>
        <translation>Eine Frage kann {count} Bilder haben.</translation>
    </message>
    <message>
        <source>{model} cannot look at pictures. Choose a model that can.</source>
        <translation>{model} kann keine Bilder ansehen. Ein Modell wählen, das es kann.</translation>
    </message>
    <message>
        <source>Your text stays on this computer and is kept here until it is deleted.</source>
        <translation>Der Text bleibt auf diesem Computer und wird hier aufbewahrt, bis er gelöscht wird.</translation>
    </message>
    <message>
        <source>System prompt and temperature</source>
        <translation>Systemprompt und Temperatur</translation>
    </message>
    <message>
        <source>&amp;Options</source>
        <translation>&amp;Optionen</translation>
    </message>
    <message>
        <source>Add a picture</source>
        <translation>Bild hinzufügen</translation>
    </message>
    <message>
        <source>Add a picture for the model to look at</source>
        <translation>Ein Bild hinzufügen, das das Modell ansehen soll</translation>
    </message>
</context>
<context>
    <name>TrySession</name>
    <message>
        <source>Waiting…</source>
        <translation>Wartet…</translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>Waiting: {what}</source>
        <translation>Wartet: {what}</translation>
    </message>
    <message>
        <source>no answer</source>
        <translation>keine Antwort</translation>
    </message>
    <message>
        <source>interrupted</source>
        <translation>unterbrochen</translation>
    </message>
</context>
<context>
    <name>Welcome</name>
    <message>
        <source>always ready</source>
        <translation>immer bereit</translation>
    </message>
    <message>
        <source>not chosen</source>
        <translation>nicht gewählt</translation>
    </message>
    <message>
        <source>Models to keep ready</source>
        <translation>Modelle, die bereit bleiben sollen</translation>
    </message>
</context>
<context>
    <name>WelcomeDialog</name>
    <message>
        <source>Welcome to Preheat</source>
        <translation>Willkommen bei Preheat</translation>
    </message>
    <message>
        <source>Start Preheat when I &amp;log in</source>
        <translation>Preheat beim An&amp;melden starten</translation>
    </message>
    <message>
        <source>{model} is included and answers right away, without an internet connection.</source>
        <translation>{model} ist enthalten und antwortet sofort, ohne Internetverbindung.</translation>
    </message>
    <message>
        <source>&amp;Try it now</source>
        <translation>Jetzt &amp;ausprobieren</translation>
    </message>
    <message>
        <source>Preheat&apos;s logo</source>
        <translation>Logo von Preheat</translation>
    </message>
    <message>
        <source>Your models, ready before you ask</source>
        <translation>Modelle, bereit vor der ersten Frage</translation>
    </message>
    <message>
        <source>Preheat keeps the language models you use in memory, within a limit you choose. Your apps reach them at one address on this computer.</source>
        <translation>Preheat hält die genutzten Sprachmodelle im Speicher, innerhalb einer wählbaren Grenze. Andere Programme erreichen sie unter einer Adresse auf diesem Computer.</translation>
    </message>
    <message>
        <source>More GGUF files? Drop them in {folder}; Preheat finds them there.</source>
        <translation>Weitere GGUF-Dateien? In {folder} ablegen; Preheat findet sie dort.</translation>
    </message>
    <message>
        <source>Already have GGUF files? Drop them in {folder}; Preheat finds them there.</source>
        <translation>Schon GGUF-Dateien vorhanden? In {folder} ablegen; Preheat findet sie dort.</translation>
    </message>
    <message>
        <source>&amp;Open the models folder</source>
        <translation>Modell&amp;ordner öffnen</translation>
    </message>
    <message>
        <source>&amp;Done</source>
        <translation>&amp;Fertig</translation>
    </message>
    <message>
        <source>You have 1 model. Should it always be ready?</source>
        <translation>Ein Modell ist da. Soll es immer bereit sein?</translation>
    </message>
    <message>
        <source>You have {count} models. Which should always be ready?</source>
        <translation>{count} Modelle sind da. Welche sollen immer bereit sein?</translation>
    </message>
</context>
<context>
    <name>WelcomeSuggestions</name>
    <message>
        <source>Good models for this computer</source>
        <translation>Gute Modelle für diesen Rechner</translation>
    </message>
    <message>
        <source>Looking for models that suit this computer…</source>
        <translation>Passende Modelle für diesen Computer werden gesucht…</translation>
    </message>
    <message>
        <source>Do&amp;wnload</source>
        <translation>&amp;Herunterladen</translation>
    </message>
    <message>
        <source>No suggested model fits the memory limit. The Downloads page has them all.</source>
        <translation>Kein vorgeschlagenes Modell passt unter die Speichergrenze. Die Seite „Downloads“ zeigt alle.</translation>
    </message>
    <message>
        <source>{title} · {size}</source>
        <translation>{title} · {size}</translation>
    </message>
    <message>
        <source>{size} to download. Each fits the memory limit.</source>
        <translation>{size} herunterzuladen. Jedes passt unter die Speichergrenze.</translation>
    </message>
    <message>
        <source>Each fits the memory limit.</source>
        <translation>Jedes passt unter die Speichergrenze.</translation>
    </message>
    <message>
        <source>Your first models</source>
        <translation>Die ersten Modelle</translation>
    </message>
    <message>
        <source>What arrives here is kept ready from then on. The download continues when this window is closed: the Downloads page shows it.</source>
        <translation>Was hier ankommt, bleibt von da an bereit. Der Download läuft weiter, wenn dieses Fenster geschlossen wird: die Seite „Downloads“ zeigt ihn.</translation>
    </message>
    <message>
        <source>What has arrived is kept ready. The star changes that.</source>
        <translation>Was angekommen ist, bleibt bereit. Der Stern ändert das.</translation>
    </message>
    <message>
        <source>Contacting Hugging Face…</source>
        <translation>Verbindung zu Hugging Face…</translation>
    </message>
</context>
<context>
    <name>Words</name>
    <message>
        <source>Loading {percent}</source>
        <translation>Wird geladen, {percent}</translation>
    </message>
    <message>
        <source>Loading {what}</source>
        <translation>Lädt {what}</translation>
    </message>
    <message>
        <source>No models yet</source>
        <translation>Noch keine Modelle</translation>
    </message>
    <message>
        <source>Paused for {count} days</source>
        <translation>Für {count} Tage pausiert</translation>
    </message>
    <message>
        <source>Paused until tomorrow, {time}</source>
        <translation>Bis morgen, {time} pausiert</translation>
    </message>
    <message>
        <source>Paused until {time}</source>
        <translation>Bis {time} pausiert</translation>
    </message>
    <message>
        <source>Preloading {number} of {total}: {what}</source>
        <translation>Lädt {number} von {total} vor: {what}</translation>
    </message>
    <message>
        <source>Preloading {what}</source>
        <translation>Lädt {what} vor</translation>
    </message>
    <message>
        <source>1 model ready</source>
        <translation>1 Modell bereit</translation>
    </message>
    <message>
        <source>Another form of the model is being prepared. Requests are answered as usual.</source>
        <translation>Eine andere Form des Modells wird vorbereitet. Anfragen werden wie gewohnt beantwortet.</translation>
    </message>
    <message>
        <source>Changed {model} to its faster form</source>
        <translation>{model} in die schnellere Form gebracht</translation>
    </message>
    <message>
        <source>Changed {model} to its smaller form</source>
        <translation>{model} in die kleinere Form gebracht</translation>
    </message>
    <message>
        <source>Its weights are rearranged for this processor. It gives the memory back before others must leave.</source>
        <translation>Seine Gewichte sind für diesen Prozessor umgeordnet. Den Speicher dafür gibt es zurück, bevor andere weichen müssen.</translation>
    </message>
    <message>
        <source>Loaded {model}</source>
        <translation>{model} geladen</translation>
    </message>
    <message>
        <source>Loaded {model} in {duration}</source>
        <translation>{model} in {duration} geladen</translation>
    </message>
    <message>
        <source>No models loaded</source>
        <translation>Keine Modelle geladen</translation>
    </message>
    <message>
        <source>Paused until you resume</source>
        <translation>Pausiert bis zum Fortsetzen</translation>
    </message>
    <message>
        <source>Preheat quit and unloaded {models}</source>
        <translation>Preheat wurde beendet und hat {models} entladen</translation>
    </message>
    <message>
        <source>Preloaded {model}</source>
        <translation>{model} vorgeladen</translation>
    </message>
    <message>
        <source>Preloaded {model} in {duration}</source>
        <translation>{model} in {duration} vorgeladen</translation>
    </message>
    <message>
        <source>Stopped loading {model}</source>
        <translation>Laden von {model} abgebrochen</translation>
    </message>
    <message>
        <source>Unloaded {model}</source>
        <translation>{model} entladen</translation>
    </message>
    <message>
        <source>You unloaded {model}</source>
        <translation>{model} von Hand entladen</translation>
    </message>
    <message>
        <source>about {duration} left</source>
        <translation>noch etwa {duration}</translation>
    </message>
    <message>
        <source>{count} tokens of context</source>
        <translation>{count} Token Kontext</translation>
    </message>
    <message>
        <source>{model} did not load</source>
        <translation>{model} wurde nicht geladen</translation>
    </message>
    <message>
        <source>{what}; it was not used</source>
        <translation>{what}; es wurde nicht verwendet</translation>
    </message>
    <message>
        <source>faster form, +{size}</source>
        <translation>schneller, +{size}</translation>
    </message>
    <message>
        <source>+{size} on the GPU</source>
        <translation>+{size} auf der GPU</translation>
    </message>
    <message>
        <source>in memory</source>
        <translation>im Speicher</translation>
    </message>
    <message>
        <source>in memory, faster form</source>
        <translation>im Speicher, schneller</translation>
    </message>
    <message>
        <source>preloading is off</source>
        <translation>Vorladen ist aus</translation>
    </message>
    <message>
        <source>{count} models ready</source>
        <translation>{count} Modelle bereit</translation>
    </message>
    <message>
        <source>{model} crashed</source>
        <translation>{model} ist abgestürzt</translation>
    </message>
    <message>
        <source>{model} ran out of memory</source>
        <translation>{model} hatte zu wenig Speicher</translation>
    </message>
    <message>
        <source>{model} stopped responding</source>
        <translation>{model} reagiert nicht mehr</translation>
    </message>
    <message>
        <source>{names} and {count} more</source>
        <translation>{names} und {count} weitere</translation>
    </message>
    <message>
        <source>{names} and {last}</source>
        <translation>{names} und {last}</translation>
    </message>
    <message>
        <source>{number} %</source>
        <translation>{number} %</translation>
    </message>
    <message>
        <source>{percent} hits today</source>
        <translation>heute {percent} Treffer</translation>
    </message>
    <message>
        <source>{used} of {limit} GB</source>
        <translation>{used} von {limit} GB</translation>
    </message>
    <message>
        <source>{what}, about {duration}</source>
        <translation>{what}, etwa {duration}</translation>
    </message>
    <message>
        <source>{what}, idle {duration}</source>
        <translation>{what}, {duration} unbenutzt</translation>
    </message>
    <message>
        <source>{what}: {why}</source>
        <translation>{what}: {why}</translation>
    </message>
    <message>
        <source>the file {words}</source>
        <translation>die Datei {words}</translation>
    </message>
    <message>
        <source>Room for other apps</source>
        <translation>Platz für andere Programme</translation>
    </message>
    <message>
        <source>Room for other apps until {time}</source>
        <translation>Platz für andere Programme bis {time}</translation>
    </message>
</context>
<context>
    <name>_CopyCode</name>
    <message>
        <source>Copy this code</source>
        <translation>Diesen Code kopieren</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
</context>
</TS>
