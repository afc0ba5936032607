# network: the station of a board with a radio.
STA_IF, AP_IF = 0, 1
_RP2 = {"IDLE": 0, "CONNECTING": 1, "WRONG_PASSWORD": -3, "NO_AP_FOUND": -2, "CONNECT_FAIL": -1, "GOT_IP": 3}
_ESP32 = {"IDLE": 1000, "CONNECTING": 1001, "WRONG_PASSWORD": 202, "NO_AP_FOUND": 201, "GOT_IP": 1010}
_STATES = _ESP32 if PORT == "esp32" else _RP2
STAT_IDLE = _STATES["IDLE"]
STAT_CONNECTING = _STATES["CONNECTING"]
STAT_WRONG_PASSWORD = _STATES["WRONG_PASSWORD"]
STAT_NO_AP_FOUND = _STATES["NO_AP_FOUND"]
STAT_CONNECT_FAIL = _STATES.get("CONNECT_FAIL", STAT_NO_AP_FOUND)
STAT_GOT_IP = _STATES["GOT_IP"]
_LINKED = 3
_STATUS = {0: STAT_IDLE, 1: STAT_CONNECTING, -3: STAT_WRONG_PASSWORD, -1: STAT_CONNECT_FAIL, _LINKED: STAT_GOT_IP}
_NOWHERE = "0.0.0.0"
_ADDRESS = ("10.0.0.2", "255.255.255.0", "10.0.0.1", "10.0.0.1")


class WLAN(Strict):
    _owner = "network.WLAN"
    IF_STA = 0

    def __init__(self, interface_id=STA_IF):
        if interface_id != STA_IF:
            missing("network.WLAN", "IF_AP")
        self._settings = {"mac": b"\x02\x00\x00\x00\x00\x01", "hostname": "board", "ssid": ""}

    def active(self, *on):
        return link.change("wifi_state", "wifi_active", bool(on[0]) if on else None)

    def connect(self, ssid=None, key=None, *, bssid=None, **how):
        self._settings["ssid"] = ssid or self._settings["ssid"]
        if not link.change("wifi_state", "wifi_join", self._settings["ssid"], key or ""):
            raise OSError(1 if PORT != "esp32" else "Wifi Not Started")

    def disconnect(self):
        link.change("wifi_state", "wifi_leave")

    def isconnected(self):
        return link.state("wifi_state") == _LINKED

    def status(self, *what):
        if what:
            if what[0] != "rssi":
                raise ValueError("unknown status param")
            return -50
        return _STATUS[link.state("wifi_state")]

    def ifconfig(self, *given):
        # a fixed address is taken, and changes nothing here
        if given:
            return None
        return _ADDRESS if self.isconnected() else (_NOWHERE, "255.255.255.255", _NOWHERE, _NOWHERE)

    def config(self, *what, **settings):
        if not what:
            self._settings.update(settings)
            return None
        name = "ssid" if what[0] == "essid" else what[0]
        if name not in self._settings:
            raise ValueError("unknown config param")
        return self._settings[name]
