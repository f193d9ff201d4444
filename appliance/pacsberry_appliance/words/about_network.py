"""The network: what was decided otherwise than asked, what did not come up, and what to do."""

ABOUT_NETWORK: dict[str, tuple[str, str, str]] = {
    "client_by_cable": (
        "Mode client: no Wi-Fi to join is named, so the box uses its network cable",
        "Mode client : aucun Wi-Fi à rejoindre n'est nommé, la boîte utilise donc son câble réseau",
        "Modus client: kein WLAN zum Beitreten genannt, die Box benutzt also ihr Netzwerkkabel",
    ),
    "radio_not_there": (
        "There is no radio of the kind “{radio}”; the other one is used",
        "Il n'y a pas de radio « {radio} » ; l'autre est utilisée",
        "Ein Funkmodul „{radio}“ gibt es nicht; das andere wird benutzt",
    ),
    "channel_not_in_band": (
        "Channel {channel} is not in the {band} GHz band; the box chooses one",
        "Le canal {channel} n'est pas dans la bande {band} GHz ; la boîte en choisit un",
        "Kanal {channel} liegt nicht im {band}-GHz-Band; die Box wählt einen",
    ),
    "channel_not_in_country": (
        "Channel {channel} may not be used in {country} by this radio; the box chooses one",
        "Le canal {channel} n'est pas permis à cette radio en {country} ; la boîte en choisit un",
        "Kanal {channel} darf in {country} von diesem Funkmodul nicht benutzt werden; die Box wählt einen",
    ),
    "country_needed": (
        "5 GHz and channels above 11 need a country: write  country = FR  (or yours). Until then it is 2.4 GHz",
        "La bande 5 GHz et les canaux au-dessus de 11 demandent un pays : écrivez  pays = FR. D'ici là, c'est 2,4 GHz",
        "5 GHz und Kanäle über 11 brauchen ein Land: bitte  Land = DE  schreiben. Bis dahin bleibt es bei 2,4 GHz",
    ),
    "band_5_not_possible": (
        "This radio cannot open a network at 5 GHz here; the box uses 2.4 GHz",
        "Cette radio ne peut pas ouvrir de réseau en 5 GHz ici ; la boîte utilise 2,4 GHz",
        "Dieses Funkmodul kann hier kein Netz auf 5 GHz öffnen; die Box benutzt 2,4 GHz",
    ),
    "band_5_failed": (
        "The Wi-Fi did not come up at 5 GHz; until the next start it is at 2.4 GHz, which is slower",
        "Le Wi-Fi n'a pas démarré en 5 GHz ; jusqu'au prochain démarrage il est en 2,4 GHz, plus lent",
        "Das WLAN kam auf 5 GHz nicht zustande; bis zum nächsten Start ist es auf 2,4 GHz, was langsamer ist",
    ),
    "no_radio": (
        "There is no Wi-Fi radio that can open a network. Plug in a USB adapter, or use mode = external-access-point",
        "Aucune radio Wi-Fi ne peut ouvrir de réseau. Branchez un adaptateur USB, ou utilisez mode = external-access-point",
        "Es gibt kein WLAN-Funkmodul, das ein Netz öffnen kann. USB-Adapter anstecken oder mode = external-access-point",
    ),
    "network_manager_missing": (
        "NetworkManager does not run; without it there is no network",
        "NetworkManager ne fonctionne pas ; sans lui il n'y a pas de réseau",
        "NetworkManager läuft nicht; ohne ihn gibt es kein Netz",
    ),
    "access_point_failed": (
        "The Wi-Fi did not come up. Start the box again; if it stays so, try another channel or mode = external-access-point",
        "Le Wi-Fi n'a pas démarré. Redémarrez la boîte ; sinon essayez un autre canal ou mode = external-access-point",
        "Das WLAN kam nicht zustande. Box neu starten; bleibt es dabei: anderer Kanal oder mode = external-access-point",
    ),
    "join_failed": (
        "The Wi-Fi “{name}” could not be joined: out of reach, or the password is wrong",
        "Le Wi-Fi « {name} » n'a pas pu être rejoint : hors de portée, ou le mot de passe est faux",
        "Dem WLAN „{name}“ konnte die Box nicht beitreten: außer Reichweite oder falsches Passwort",
    ),
    "cable_failed": (
        "There is no network on the cable: is it plugged in at both ends, and the other device on?",
        "Pas de réseau sur le câble : est-il branché des deux côtés, et l'autre appareil allumé ?",
        "Am Kabel ist kein Netz: steckt es auf beiden Seiten, und ist das andere Gerät an?",
    ),
    "foreign_dhcp": (
        "Another device ({server}) already gives addresses on the cable {interface}, so the box does not. "
        "Switch off DHCP in the access point, or use mode = client",
        "Un autre appareil ({server}) donne déjà des adresses sur le câble {interface}, la boîte ne le fait donc pas. "
        "Désactivez le DHCP de la borne, ou utilisez mode = client",
        "Ein anderes Gerät ({server}) vergibt am Kabel {interface} schon Adressen, die Box also nicht. "
        "DHCP im Zugangspunkt ausschalten oder mode = client benutzen",
    ),
    "seats": (
        "This radio takes about {seats} tablets at a time; for more, plug in an access point (mode = external-access-point)",
        "Cette radio accepte environ {seats} tablettes à la fois ; au-delà, branchez une borne (mode = external-access-point)",
        "Dieses Funkmodul nimmt etwa {seats} Tablets zugleich; für mehr einen Zugangspunkt anstecken (external-access-point)",
    ),
    "firmware_chosen": (
        "A firmware of the radio that takes more tablets is chosen; it is in use from the next start on",
        "Un micrologiciel de la radio acceptant plus de tablettes est choisi ; il servira dès le prochain démarrage",
        "Eine Firmware des Funkmoduls, die mehr Tablets annimmt, ist gewählt; sie gilt ab dem nächsten Start",
    ),
    "firmware_not_loaded": (
        "The radio does not run the firmware that takes more tablets. Start the box again; until then it takes about 8",
        "La radio n'utilise pas le micrologiciel qui accepte plus de tablettes. Redémarrez la boîte ; d'ici là, environ 8",
        "Das Funkmodul läuft nicht mit der Firmware, die mehr Tablets annimmt. Box neu starten; bis dahin etwa 8",
    ),
    "firmware_crashed": (
        "The firmware of the radio has stopped {times} times since the start",
        "Le micrologiciel de la radio s'est arrêté {times} fois depuis le démarrage",
        "Die Firmware des Funkmoduls ist seit dem Start {times}-mal stehengeblieben",
    ),
}
