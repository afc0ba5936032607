/* A meter in C as a guest of the emulator (docs/guest-protocol.md): it unpacks new firmware after its reboot
 * with the hub's supply off, as specimens/legacy_long_reboot does in MicroPython.
 *
 *   cc -o build/meter docs/examples/meter.c
 *   ridethrough run legacy_long_reboot --guest exec:build/meter
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENABLE = 16, AC_OK = 17, RUNNING_N = 19, OUT = 1, UNPACK_S = 205 };
enum { NOTE = 351, BLOCK_BYTES = 4096 }; /* the flash block that says "new firmware is waiting" */

static FILE *from_host, *to_host;
static char reply[512];

/* One request and its answer, ["ok", VALUE] or, at Ctrl-C, ["interrupt", null]. Returns VALUE's text. */
static const char *ask(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(to_host, format, arguments);
    va_end(arguments);
    fputc('\n', to_host);
    if (fflush(to_host) || !fgets(reply, sizeof reply, from_host))
        exit(1); /* the board was reset under us */
    return strchr(reply, ',') + 2;
}

static void say(const char *line) { ask("[\"stdout_write\", \"%s\\n\"]", line); }

static void drive(int gpio, int level) { ask("[\"pin_configure\", %d, %d, 0, %d]", gpio, OUT, level); }

static void wait_for_line(const char *wanted)
{
    char line[80] = "";
    size_t n = 0;
    while (strcmp(line, wanted)) {
        int c = atoi(ask("[\"stdin_read\"]")); /* waits for a byte, as the port does */
        if (n + 1 == sizeof line || c == '\n')
            n = 0;
        else
            line[n++] = (char)c, line[n] = 0;
    }
}

int main(void)
{
    from_host = fdopen(3, "r");
    to_host = fdopen(4, "w");
    if (!from_host || !to_host)
        return fprintf(stderr, "meter: run me with ridethrough run --guest exec:PATH\n"), 2;
    drive(ENABLE, 0);
    drive(AC_OK, 1);
    if (!strncmp(ask("[\"flash_read\", %d, 1]", NOTE * BLOCK_BYTES), "\"31\"", 4)) {
        say("* phase unpack");
        ask("[\"sleep_us\", %d000000]", UNPACK_S);
        ask("[\"flash_erase\", %d]", NOTE);
        say("* phase idle");
        say("* outcome 0 version=2");
    }
    drive(ENABLE, 1);
    drive(RUNNING_N, 0);
    say("* application 2");
    wait_for_line("activate");
    say("OK");
    say("* command 1");
    say("* shutdown activation");
    say("* phase armed");
    ask("[\"flash_program\", %d, \"31\"]", NOTE * BLOCK_BYTES);
    drive(ENABLE, 0); /* "save energy while rebooting" */
    ask("[\"sleep_us\", 2000000]");
    ask("[\"machine_reset\"]");
}
