"""Country codes (ISO 3166-1) that a radio may be set to, and the names people write instead."""

CODES = frozenset(
    """
    AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA CC CD CF
    CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG
    GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR
    KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC
    NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI
    SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI
    VN VU WF WS YE YT ZA ZM ZW
    """.split()  # noqa: SIM905  a list of 249 strings would be no better to read
)

# Folded: small letters without accents, blanks and hyphens.
NAMES = {
    "allemagne": "DE",
    "austria": "AT",
    "autriche": "AT",
    "belgien": "BE",
    "belgique": "BE",
    "belgium": "BE",
    "canada": "CA",
    "deutschland": "DE",
    "england": "GB",
    "france": "FR",
    "frankreich": "FR",
    "germany": "DE",
    "grossbritannien": "GB",
    "italia": "IT",
    "italie": "IT",
    "italien": "IT",
    "italy": "IT",
    "kanada": "CA",
    "luxembourg": "LU",
    "luxemburg": "LU",
    "osterreich": "AT",
    "royaumeuni": "GB",
    "schweiz": "CH",
    "suisse": "CH",
    "switzerland": "CH",
    "uk": "GB",
    "unitedkingdom": "GB",
    "unitedstates": "US",
    "usa": "US",
}

# Where 2.4 GHz ends at channel 11: the territories under the rules of the FCC, and Canada.
ELEVEN_CHANNELS = frozenset({"US", "CA", "AS", "GU", "MP", "PR", "VI"})
