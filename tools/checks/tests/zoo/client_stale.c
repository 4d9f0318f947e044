// Faulty: it reads into a buffer without ending the text there, so the rest of an older one is sent too.
#include <arpa/inet.h>
#include <signal.h>
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
    signal(SIGPIPE, SIG_IGN);
    char buffer[8192] = "";
    while (read(0, buffer, sizeof buffer - 1) > 0 && strncmp(buffer, "exit", 4) != 0) {
        write(fd, buffer, strlen(buffer));
        int count = read(fd, buffer, sizeof buffer - 1);
        if (count <= 0) {
            puts("the server has gone");
            break;
        }
        for (int i = 0; i < count; i++) {
            if (buffer[i] > 0 && buffer[i] < ' ' && buffer[i] != '\n') {
                buffer[i] = '?';
            }
        }
        write(1, buffer, count);
    }
    return 0;
}
