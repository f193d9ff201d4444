"""How the class gets in, accounts, and the texts of poster, console and portal."""

ABOUT_THE_BOX: dict[str, tuple[str, str, str]] = {
    "poster_join": ("Join the Wi-Fi", "Rejoindre le Wi-Fi", "WLAN beitreten"),
    "poster_wifi": ("Wi-Fi", "Wi-Fi", "WLAN"),
    "poster_password": ("Password", "Mot de passe", "Passwort"),
    "poster_open": ("Open the page", "Ouvrir la page", "Seite öffnen"),
    "poster_address": ("Address, typed in full", "Adresse, à taper en entier", "Adresse, vollständig eintippen"),
    "poster_or": ("or", "ou", "oder"),
    "poster_footer": (
        "Scan code 1 with the camera, then code 2. This network does not lead to the Internet.",
        "Scannez le code 1 avec l'appareil photo, puis le code 2. Ce réseau ne mène pas à Internet.",
        "Erst Code 1 mit der Kamera scannen, dann Code 2. Dieses Netz führt nicht ins Internet.",
    ),
    "poster_footer_one": (
        "Be in the Wi-Fi of this classroom, then scan the code with the camera.",
        "Soyez dans le Wi-Fi de la classe, puis scannez le code avec l'appareil photo.",
        "Im WLAN des Klassenzimmers sein, dann den Code mit der Kamera scannen.",
    ),
    "welcome_title": ("Welcome to", "Bienvenue sur", "Willkommen bei"),
    "welcome_continue": ("Continue", "Continuer", "Weiter"),
    "welcome_then_type": (
        "Afterwards open Safari or your browser and type:",
        "Ouvrez ensuite Safari ou votre navigateur et tapez :",
        "Danach Safari oder den Browser öffnen und eintippen:",
    ),
    "welcome_open": ("Open in the browser", "Ouvrir dans le navigateur", "Im Browser öffnen"),
    "welcome_or_type": (
        "Or close this window with “Done”, open Safari and type:",
        "Ou fermez cette fenêtre avec « OK », ouvrez Safari et tapez :",
        "Oder dieses Fenster mit „Fertig“ schließen, Safari öffnen und eintippen:",
    ),
    "result_title": (
        "Pacsberry: what became of pacsberry.txt",
        "Pacsberry : ce que pacsberry.txt est devenu",
        "Pacsberry: was aus pacsberry.txt wurde",
    ),
    "result_nothing": (
        "Nothing was set in pacsberry.txt; the box chose everything itself.",
        "Rien n'était réglé dans pacsberry.txt ; la boîte a tout choisi elle-même.",
        "In pacsberry.txt war nichts eingestellt; die Box hat alles selbst gewählt.",
    ),
    "result_missing": (
        "There is no pacsberry.txt; the box chose everything itself.",
        "Il n'y a pas de pacsberry.txt ; la boîte a tout choisi elle-même.",
        "Es gibt keine pacsberry.txt; die Box hat alles selbst gewählt.",
    ),
    "result_line": ("Line {number}", "Ligne {number}", "Zeile {number}"),
    "result_file": ("The file", "Le fichier", "Die Datei"),
    "result_imager": ("From Raspberry Pi Imager", "De Raspberry Pi Imager", "Aus Raspberry Pi Imager"),
    "result_class": ("How the class gets in", "Comment la classe se connecte", "Wie die Klasse hineinkommt"),
    "result_remarks": ("Please note", "À noter", "Bitte beachten"),
    "result_made_up": (
        "made up by the box, as none was given",
        "inventé par la boîte, car aucun n'était donné",
        "von der Box erfunden, da keines angegeben war",
    ),
    "result_once": (
        "The password of the administrator is shown here once. Write it down, then delete this file.",
        "Le mot de passe de l'administrateur n'apparaît ici qu'une fois. Notez-le, puis supprimez ce fichier.",
        "Das Passwort der Verwaltung steht nur dieses eine Mal hier. Bitte notieren, dann diese Datei löschen.",
    ),
    "result_admin_web": (
        "Administrator on the web page: user “{user}”",
        "Administrateur sur la page web : utilisateur « {user} »",
        "Verwaltung auf der Webseite: Benutzer „{user}“",
    ),
    "result_admin_ssh": (
        "Administrator by SSH: user “{user}”",
        "Administrateur par SSH : utilisateur « {user} »",
        "Verwaltung über SSH: Benutzer „{user}“",
    ),
    "result_admin_kept": (
        "Its password: the same as before. Forgotten? Write a line  admin password = …  into pacsberry.txt",
        "Son mot de passe : le même qu'avant. Oublié ? Écrivez une ligne  mot de passe admin = …  dans pacsberry.txt",
        "Passwort dazu: dasselbe wie bisher. Vergessen? Eine Zeile  Admin-Passwort = …  in pacsberry.txt schreiben",
    ),
    "result_password": ("Password: {password}", "Mot de passe : {password}", "Passwort: {password}"),
    "result_password_given": (
        "Its password: the one you gave",
        "Son mot de passe : celui que vous avez donné",
        "Passwort dazu: das von Ihnen angegebene",
    ),
    "result_password_kept": (
        "Its password: the same as before (screen and poster show it)",
        "Son mot de passe : le même qu'avant (l'écran et l'affiche le montrent)",
        "Passwort dazu: dasselbe wie bisher (Bildschirm und Aushang zeigen es)",
    ),
    "result_unwritable": (
        "{file} could not be written to the card: {reason}. Make room on it, or flash it anew",
        "{file} n'a pas pu être écrit sur la carte : {reason}. Faites-y de la place ou flashez-la à nouveau",
        "{file} konnte nicht auf die Karte geschrieben werden: {reason}. Bitte dort Platz schaffen oder sie neu beschreiben",
    ),
    "data_missing": (
        "The data partition of the card cannot be used; studies and settings of now are gone when the box is switched off",
        "La partition de données de la carte est inutilisable ; études et réglages d'à présent se perdent à l'arrêt",
        "Die Datenpartition der Karte ist nicht nutzbar; Studien und Einstellungen von jetzt sind beim Ausschalten weg",
    ),
    "secrets_stay": (
        "The passwords could not be removed from the card: {reason}",
        "Les mots de passe n'ont pas pu être retirés de la carte : {reason}",
        "Die Passwörter konnten nicht von der Karte entfernt werden: {reason}",
    ),
    "console_admin": (
        "Administrator admin, told this once, password",
        "Administrateur admin, dit cette seule fois, mot de passe",
        "Verwaltung: admin, nur dieses eine Mal, Passwort",
    ),
    "password_hash_wrong": (
        "the password is in no form this system knows",
        "le mot de passe n'est sous aucune forme connue de ce système",
        "das Passwort hat keine Form, die dieses System kennt",
    ),
    "admin_from_imager": (
        "SSH takes the password given in Raspberry Pi Imager; it is not known in clear, so the web page has one of its own",
        "SSH prend le mot de passe donné dans Raspberry Pi Imager ; il n'est pas connu en clair, la page web a donc le sien",
        "SSH nimmt das Passwort aus Raspberry Pi Imager; im Klartext ist es nicht bekannt, die Webseite hat darum ein eigenes",
    ),
    "account_failed": (
        "The account could not be made: {reason}",
        "Le compte n'a pas pu être créé : {reason}",
        "Das Konto konnte nicht angelegt werden: {reason}",
    ),
    "settings_damaged": (
        "The stored settings were damaged and set aside as {file}; the box made up new ones",
        "Les réglages enregistrés étaient abîmés et sont mis de côté sous {file} ; la boîte en a inventé de nouveaux",
        "Die gespeicherten Einstellungen waren beschädigt und liegen nun als {file}; die Box hat neue erfunden",
    ),
    "time_zone_missing": (
        "The time zone {zone} is not known here",
        "Le fuseau horaire {zone} n'est pas connu ici",
        "Die Zeitzone {zone} ist hier nicht bekannt",
    ),
    "login_off": (
        "No login: everybody in this network may see, change and delete everything",
        "Sans connexion : chacun dans ce réseau peut tout voir, changer et supprimer",
        "Ohne Anmeldung: jeder in diesem Netz darf alles sehen, ändern und löschen",
    ),
    "class_wifi": ("Wi-Fi: {name}", "Wi-Fi : {name}", "WLAN: {name}"),
    "class_external": (
        "Plug an access point into the network port of the box; DHCP has to be off in it",
        "Branchez une borne Wi-Fi sur la prise réseau de la boîte ; son DHCP doit être désactivé",
        "Einen WLAN-Zugangspunkt an den Netzwerkanschluss der Box stecken; dort muss DHCP aus sein",
    ),
    "class_client": (
        "The box is in the network of the school",
        "La boîte est dans le réseau de l'école",
        "Die Box ist im Netz der Schule",
    ),
    "class_site": ("Address: {site}", "Adresse : {site}", "Adresse: {site}"),
    "class_dicom": (
        "DICOM: AE title {title}, port {port}",
        "DICOM : titre AE {title}, port {port}",
        "DICOM: AE-Titel {title}, Port {port}",
    ),
}
