"""What became of the lines of `pacsberry.txt` and of the settings of Raspberry Pi Imager."""

ABOUT_LINES: dict[str, tuple[str, str, str]] = {
    "taken": ("taken: {value}", "accepté : {value}", "übernommen: {value}"),
    "taken_secret": (
        "taken, and removed from the file",
        "accepté, et retiré du fichier",
        "übernommen und aus der Datei entfernt",
    ),
    "secret_taken": (
        "(taken; write a new line to change it)",
        "(accepté ; écrivez une nouvelle ligne pour changer)",
        "(übernommen; zum Ändern eine neue Zeile schreiben)",
    ),
    "line_repeated": (
        "not taken: line {later} says it again, and the last one counts",
        "ignoré : la ligne {later} le dit encore, et la dernière compte",
        "nicht übernommen: Zeile {later} sagt es noch einmal, und die letzte gilt",
    ),
    "line_unknown": (
        "not understood: a line looks like  name = value",
        "pas compris : une ligne s'écrit  nom = valeur",
        "nicht verstanden: eine Zeile sieht so aus:  Name = Wert",
    ),
    "key_unknown": (
        "“{key}” is no setting of Pacsberry",
        "« {key} » n'est pas un réglage de Pacsberry",
        "„{key}“ ist keine Einstellung von Pacsberry",
    ),
    "key_unknown_near": (
        "“{key}” is no setting of Pacsberry; is “{near}” meant?",
        "« {key} » n'est pas un réglage de Pacsberry ; vouliez-vous dire « {near} » ?",
        "„{key}“ ist keine Einstellung von Pacsberry; ist „{near}“ gemeint?",
    ),
    "value_missing": (
        "nothing stands after the sign =",
        "rien n'est écrit après le signe =",
        "hinter dem Zeichen = steht nichts",
    ),
    "value_unreadable": (
        "it holds a character that cannot be read; save the file as UTF-8",
        "un de ses caractères est illisible ; enregistrez le fichier en UTF-8",
        "ein Zeichen darin ist nicht lesbar; die Datei bitte als UTF-8 speichern",
    ),
    "sign_in_front": (
        "not taken: a # still stands in front of it; remove it and start the box again",
        "ignoré : un # est resté devant ; enlevez-le et redémarrez la boîte",
        "nicht übernommen: davor steht noch ein #; bitte entfernen und die Box neu starten",
    ),
    "too_many_lines": (
        "only the first {lines} lines were read",
        "seules les {lines} premières lignes ont été lues",
        "nur die ersten {lines} Zeilen wurden gelesen",
    ),
    "file_too_large": (
        "the file is larger than {kilobytes} KB and was not read",
        "le fichier dépasse {kilobytes} Ko et n'a pas été lu",
        "die Datei ist größer als {kilobytes} KB und wurde nicht gelesen",
    ),
    "file_is_rtf": (
        "the file was saved as rich text (RTF). Save it as plain text (TextEdit: Format, Make Plain Text)",
        "le fichier a été enregistré en RTF. Enregistrez-le en texte brut (TextEdit : Format, Convertir au format Texte)",
        "die Datei wurde als RTF gespeichert. Bitte als reinen Text sichern (TextEdit: Format, In reinen Text umwandeln)",
    ),
    "file_is_word": (
        "the file was saved by a word processor. Save it as plain text",
        "le fichier a été enregistré par un traitement de texte. Enregistrez-le en texte brut",
        "die Datei wurde von einer Textverarbeitung gespeichert. Bitte als reinen Text speichern",
    ),
    "file_unreadable": (
        "{file} could not be read from the card: {reason}",
        "{file} n'a pas pu être lu sur la carte : {reason}",
        "{file} konnte nicht von der Karte gelesen werden: {reason}",
    ),
    "file_ignored": (
        "{file} is no plain text and was not read; save it as plain text, under the name pacsberry.txt",
        "{file} n'est pas du texte brut et n'a pas été lu ; enregistrez-le en texte brut, sous le nom pacsberry.txt",
        "{file} ist kein reiner Text und wurde nicht gelesen; bitte als reinen Text unter dem Namen pacsberry.txt speichern",
    ),
    "file_passed_over": (
        "{file} says something, too, and was not taken: {taken} was. Please keep one of the two",
        "{file} dit aussi quelque chose et n'a pas été pris : c'est {taken} qui l'a été. Gardez un seul des deux",
        "Auch in {file} steht etwas; es wurde nicht übernommen, sondern {taken}. Bitte nur eine der beiden behalten",
    ),
    "name_wrong": (
        "a name has 1 to 32 letters (a to z), digits and hyphens",
        "un nom a 1 à 32 lettres (a à z), chiffres et tirets",
        "ein Name hat 1 bis 32 Buchstaben (a bis z), Ziffern und Bindestriche",
    ),
    "wifi_name_length": (
        "a Wi-Fi name has 1 to 32 bytes; this one has {bytes} (accents count twice)",
        "un nom Wi-Fi a 1 à 32 octets ; celui-ci en a {bytes} (les accents comptent double)",
        "ein WLAN-Name hat 1 bis 32 Byte; dieser hat {bytes} (Umlaute zählen doppelt)",
    ),
    "wifi_name_control": (
        "a Wi-Fi name has no unprintable characters",
        "un nom Wi-Fi n'a pas de caractères invisibles",
        "ein WLAN-Name hat keine unsichtbaren Zeichen",
    ),
    "wifi_password_length": (
        "a Wi-Fi password has 8 to 63 characters; this one has {length}",
        "un mot de passe Wi-Fi a 8 à 63 caractères ; celui-ci en a {length}",
        "ein WLAN-Passwort hat 8 bis 63 Zeichen; dieses hat {length}",
    ),
    "wifi_password_character": (
        "a Wi-Fi password cannot have the character {character} (some editors replace straight quotes and hyphens)",
        "un mot de passe Wi-Fi ne peut pas avoir le caractère {character} (certains éditeurs remplacent guillemets et tirets)",
        "ein WLAN-Passwort kann das Zeichen {character} nicht haben (manche Editoren ersetzen Anführungszeichen und Striche)",
    ),
    "country_wrong": (
        "not a country: write its two letters, such as FR, DE, CH, BE, GB, US",
        "pas un pays : écrivez ses deux lettres, comme FR, DE, CH, BE, GB, US",
        "kein Land: bitte zwei Buchstaben, etwa FR, DE, CH, BE, GB, US",
    ),
    "band_wrong": ("a band is auto, 2.4 or 5", "une bande est auto, 2.4 ou 5", "ein Band ist auto, 2.4 oder 5"),
    "channel_wrong": (
        "a channel is auto, 1 to 13, 36, 40, 44, 48, or 149 to 165",
        "un canal est auto, 1 à 13, 36, 40, 44, 48, ou 149 à 165",
        "ein Kanal ist auto, 1 bis 13, 36, 40, 44, 48 oder 149 bis 165",
    ),
    "channel_radar": (
        "channel {channel} belongs to radars first, which this radio cannot listen for; take 36, 40, 44 or 48",
        "le canal {channel} est d'abord aux radars, que cette radio ne sait pas écouter ; prenez 36, 40, 44 ou 48",
        "Kanal {channel} gehört zuerst den Radaren, auf die dieses Funkmodul nicht hören kann; nehmen Sie 36, 40, 44 oder 48",
    ),
    "mode_wrong": (
        "a mode is access-point, external-access-point or client",
        "un mode est access-point, external-access-point ou client",
        "ein Modus ist access-point, external-access-point oder client",
    ),
    "portal_wrong": (
        "the portal is quiet, welcome or off",
        "le portail est quiet, welcome ou off",
        "das Portal ist quiet, welcome oder off",
    ),
    "radio_wrong": (
        "a radio is auto, built-in or usb",
        "une radio est auto, built-in ou usb",
        "ein Funkmodul ist auto, built-in oder usb",
    ),
    "language_wrong": ("a language is en, fr or de", "une langue est en, fr ou de", "eine Sprache ist en, fr oder de"),
    "yes_or_no": ("write yes or no", "écrivez oui ou non", "bitte ja oder nein"),
    "admin_password_length": (
        "a password of the administrator has 8 to 128 characters",
        "un mot de passe d'administrateur a 8 à 128 caractères",
        "ein Passwort der Verwaltung hat 8 bis 128 Zeichen",
    ),
    "ssh_key_private": (
        "this is a private key; never write it anywhere. The line needs the public one (file ending .pub)",
        "ceci est une clé privée ; ne l'écrivez jamais nulle part. Il faut la clé publique (fichier en .pub)",
        "das ist ein privater Schlüssel; bitte nirgends hinschreiben. Nötig ist der öffentliche (Datei mit .pub)",
    ),
    "ssh_key_wrong": (
        "not a public SSH key, or not all of it: it is one long line such as ssh-ed25519 AAAA…",
        "pas une clé SSH publique, ou pas entière : c'est une longue ligne comme ssh-ed25519 AAAA…",
        "kein öffentlicher SSH-Schlüssel oder nicht ganz: es ist eine lange Zeile wie ssh-ed25519 AAAA…",
    ),
    "ae_title_wrong": (
        "an AE title has 1 to 16 letters, digits and signs, without accents and backslash",
        "un titre AE a 1 à 16 lettres, chiffres et signes, sans accents ni barre oblique inverse",
        "ein AE-Titel hat 1 bis 16 Buchstaben, Ziffern und Zeichen, ohne Umlaute und umgekehrten Schrägstrich",
    ),
    "address_wrong": (
        "not possible: take a private address that ends in 0.1 to 0.19, such as 10.42.0.1 or 192.168.4.1",
        "impossible : prenez une adresse privée finissant par 0.1 à 0.19, comme 10.42.0.1 ou 192.168.4.1",
        "nicht möglich: bitte eine private Adresse, die auf 0.1 bis 0.19 endet, etwa 10.42.0.1 oder 192.168.4.1",
    ),
    "time_zone_wrong": (
        "not a time zone: write it as Europe/Paris",
        "pas un fuseau horaire : écrivez-le comme Europe/Paris",
        "keine Zeitzone: bitte wie Europe/Berlin schreiben",
    ),
    "imager_taken": (
        "{what}: taken from Raspberry Pi Imager",
        "{what} : pris de Raspberry Pi Imager",
        "{what}: aus Raspberry Pi Imager übernommen",
    ),
    "imager_overruled": (
        "{what}: given in Raspberry Pi Imager, too; pacsberry.txt counts",
        "{what} : donné aussi dans Raspberry Pi Imager ; pacsberry.txt l'emporte",
        "{what}: auch in Raspberry Pi Imager angegeben; pacsberry.txt gilt",
    ),
    "imager_wrong": (
        "{what} from Raspberry Pi Imager was not taken",
        "{what} de Raspberry Pi Imager n'a pas été pris",
        "{what} aus Raspberry Pi Imager wurde nicht übernommen",
    ),
    "imager_lost": (
        "{what} from Raspberry Pi Imager has no effect on a Pacsberry",
        "{what} de Raspberry Pi Imager n'a pas d'effet sur un Pacsberry",
        "{what} aus Raspberry Pi Imager hat auf einem Pacsberry keine Wirkung",
    ),
    "imager_user": (
        "The user “{user}” of Raspberry Pi Imager is called “{admin}” here; the password and the keys are the ones given",
        "L'utilisateur « {user} » de Raspberry Pi Imager s'appelle « {admin} » ici ; le mot de passe et les clés sont les mêmes",
        "Der Benutzer „{user}“ aus Raspberry Pi Imager heißt hier „{admin}“; Passwort und Schlüssel sind die angegebenen",
    ),
    "imager_wifi": (
        "The Wi-Fi “{name}” of Raspberry Pi Imager is remembered for mode = client. Now the box opens a Wi-Fi of its own",
        "Le Wi-Fi « {name} » de Raspberry Pi Imager est retenu pour mode = client. Pour l'instant la boîte ouvre le sien",
        "Das WLAN „{name}“ aus Raspberry Pi Imager ist für mode = client gemerkt. Jetzt öffnet die Box ihr eigenes",
    ),
    "imager_unreadable": (
        "The file {file} of Raspberry Pi Imager could not be read; what was set there has no effect. Write it into pacsberry.txt",
        "Le fichier {file} de Raspberry Pi Imager est illisible ; ses réglages n'ont pas d'effet. Écrivez-les dans pacsberry.txt",
        "Die Datei {file} von Raspberry Pi Imager war nicht lesbar; was dort steht, wirkt nicht. Bitte in pacsberry.txt schreiben",
    ),
    "imager_old": (
        "Raspberry Pi Imager 1 wrote its settings in a form of its own; what it could be read from was taken",
        "Raspberry Pi Imager 1 a écrit ses réglages dans sa propre forme ; ce qui pouvait être lu a été pris",
        "Raspberry Pi Imager 1 hat die Einstellungen in eigener Form geschrieben; was lesbar war, wurde übernommen",
    ),
}
