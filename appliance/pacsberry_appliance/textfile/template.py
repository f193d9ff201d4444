"""`pacsberry.txt` as it lies on a new card: every key, explained in three languages, none of them set.

With the line ends and the mark that let the oldest Notepad show it as it is meant.
"""

_TEXT = """\
# Pacsberry
#
# EN  Nothing has to be changed here. To choose for yourself, remove the # in front of a line and write your value
#     after the =. Save as plain text, put the card into the Pi, start it. Afterwards pacsberry-result.txt, beside this
#     file, says what became of each line. What is not given stays as it is; passwords are taken out of this file.
# FR  Rien n'est à changer ici. Pour choisir, enlevez le # devant une ligne et écrivez votre valeur après le =.
#     Enregistrez en texte brut, mettez la carte dans le Pi, démarrez. Ensuite pacsberry-result.txt, à côté de ce
#     fichier, dit ce que chaque ligne est devenue. Ce qui n'est pas donné reste ; les mots de passe sont retirés d'ici.
# DE  Hier muss nichts geändert werden. Zum Wählen das # vor einer Zeile entfernen und den Wert hinter das = schreiben.
#     Als reinen Text speichern, Karte in den Pi stecken, starten. Danach steht in pacsberry-result.txt neben dieser
#     Datei, was aus jeder Zeile wurde. Was nicht dasteht, bleibt; Passwörter werden aus dieser Datei entfernt.

# EN  Language of this box: en, fr or de
# FR  Langue de cette boîte : en, fr ou de
# DE  Sprache dieser Box: en, fr oder de
#language = fr

# EN  Name of the box in the network: http://NAME.local
# FR  Nom de la boîte dans le réseau : http://NOM.local
# DE  Name der Box im Netz: http://NAME.local
#name = pacsberry

# EN  Wi-Fi that the box opens: its name, and its password (8 to 63 letters, digits and signs, no accents)
# FR  Wi-Fi que la boîte ouvre : son nom, et son mot de passe (8 à 63 lettres, chiffres et signes, sans accents)
# DE  WLAN, das die Box öffnet: sein Name und sein Passwort (8 bis 63 Buchstaben, Ziffern und Zeichen, keine Umlaute)
#wifi name = Radiology
#wifi password = choose-a-password

# EN  Country, for the rules of radio: FR, DE, CH, BE, GB, US ... Without it only the slower 2.4 GHz band is used.
# FR  Pays, pour les règles radio : FR, DE, CH, BE, GB, US ... Sans lui, seule la bande 2,4 GHz, plus lente.
# DE  Land, wegen der Funkregeln: FR, DE, CH, BE, GB, US ... Ohne Land nur das langsamere 2,4-GHz-Band.
#country = FR

# EN  Band: auto, 2.4 or 5. Channel: auto, 1 to 13, or 36, 40, 44, 48
# FR  Bande : auto, 2.4 ou 5. Canal : auto, 1 à 13, ou 36, 40, 44, 48
# DE  Band: auto, 2.4 oder 5. Kanal: auto, 1 bis 13 oder 36, 40, 44, 48
#band = auto
#channel = auto

# EN  How the class gets in:
#       access-point            the box opens its own Wi-Fi
#       external-access-point   an access point is plugged into the box (switch off DHCP in it)
#       client                  the box joins the network of the school, by cable or by the Wi-Fi named below
# FR  Comment la classe se connecte :
#       access-point            la boîte ouvre son propre Wi-Fi
#       external-access-point   une borne Wi-Fi est branchée à la boîte (désactivez-y le DHCP)
#       client                  la boîte rejoint le réseau de l'école, par câble ou par le Wi-Fi nommé ci-dessous
# DE  Wie die Klasse hineinkommt:
#       access-point            die Box öffnet ihr eigenes WLAN
#       external-access-point   ein WLAN-Zugangspunkt ist an die Box angesteckt (dort DHCP ausschalten)
#       client                  die Box geht ins Netz der Schule, mit Kabel oder über das unten genannte WLAN
#mode = access-point
#join wifi name = School
#join wifi password = the-password-of-the-school

# EN  Password of the administrator (user "admin" on the web page, "pacsadmin" by SSH); else one is made up.
# FR  Mot de passe de l'administrateur (« admin » sur la page web, « pacsadmin » par SSH) ; sinon il est inventé.
# DE  Passwort der Verwaltung ("admin" auf der Webseite, "pacsadmin" über SSH); sonst wird eines erfunden.
#admin password = choose-a-password
#ssh key = ssh-ed25519 AAAA... you@your-computer

# EN  DICOM name of the box, at most 16 letters and digits
# FR  Nom DICOM de la boîte, 16 lettres et chiffres au plus
# DE  DICOM-Name der Box, höchstens 16 Buchstaben und Ziffern
#ae title = PACSBERRY

# EN  Rarely needed:  portal = quiet, welcome or off (what tablets see when they join)
#     radio = auto, built-in or usb;  address = 10.42.0.1;  login = yes or no;  time zone = Europe/Paris
# FR  Rarement utile :  portal = quiet, welcome ou off (ce que voient les tablettes en arrivant)
#     radio = auto, built-in ou usb ;  address = 10.42.0.1 ;  login = yes ou no ;  time zone = Europe/Paris
# DE  Selten nötig:  portal = quiet, welcome oder off (was Tablets beim Beitreten sehen)
#     radio = auto, built-in oder usb;  address = 10.42.0.1;  login = yes oder no;  time zone = Europe/Paris
#portal = quiet
#radio = auto
#address = 10.42.0.1
#login = yes
#time zone = Europe/Paris
"""

TEMPLATE_LINES = frozenset(_TEXT.splitlines())


def template() -> bytes:
    """The bytes of the file."""
    return b"\xef\xbb\xbf" + _TEXT.replace("\n", "\r\n").encode()
