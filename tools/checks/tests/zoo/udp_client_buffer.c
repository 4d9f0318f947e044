// Prints its whole buffer: the answer, and NULs up to 1024 bytes. Otherwise the tutorial's.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    char line[64] = "", answer[1024] = "";
    printf("Celsius: ");
    fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL) {
        return 0;
    }
    sendto(fd, line, strcspn(line, "\n"), 0, (struct sockaddr *)&server, sizeof server);
    recv(fd, answer, sizeof answer, 0);
    fwrite(answer, 1, sizeof answer, stdout);
    return 0;
}
