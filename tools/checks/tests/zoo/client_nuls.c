// Sends its whole buffer, so NULs behind the line end; and takes turns.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&server, sizeof server) < 0) {
        perror("connect");
        return 1;
    }
    char line[1024] = "", reply[4096] = "";
    while (fgets(line, sizeof line, stdin) && strcmp(line, "exit\n") != 0) {
        send(fd, line, sizeof line, MSG_NOSIGNAL);
        int count = recv(fd, reply, sizeof reply - 1, 0);
        if (count <= 0) {
            puts("the server has gone");
            break;
        }
        reply[count] = 0;
        for (char *c = reply; *c; c++) {
            if (*c > 0 && *c < ' ' && *c != '\n') {
                *c = '?';
            }
        }
        fputs(reply, stdout);
        memset(line, 0, sizeof line);
    }
    return 0;
}
