#include "cli/session.h"

int main(int argc, char** argv) { return parquedb::RunParqueDb(argc, argv); }
