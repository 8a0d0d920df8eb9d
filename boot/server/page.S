// The page that browsers are given: page.html, compressed by the build.
#ifdef __ELF__
        .section .rodata, "a"
#else
        .section .rdata, "dr"
#endif
        .globl  server_page_begin, server_page_end
server_page_begin:
        .incbin "out/page.html.gz"
server_page_end:
#ifdef __ELF__
        .section .note.GNU-stack, ""
#endif
