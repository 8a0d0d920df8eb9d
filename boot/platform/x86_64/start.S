// The image's entry point, x86-64. UEFI 2.10 §2.3.4: rcx is the image handle, rdx the system table,
// and the 32 bytes above the return address are ours to use.
//
// The spec promises SSE on and MXCSR at its default; U-Boot enters with SSE off, where the first
// SSE instruction resets the machine. So nothing that a compiler made runs before this.
//
// CR0, CR4 and MXCSR go back to firmware as they came: it goes on after this program, and its own code was made for
// them. MXCSR can be read only once SSE is on, and is put back before it may go off again.

        .set    CR0_MP, 1 << 1                  // with TS clear: WAIT does not fault
        .set    CR0_EM_TS, 1 << 2 | 1 << 3      // emulate, task switched: SSE faults
        .set    CR4_SSE, 1 << 9 | 1 << 10       // OSFXSR, OSXMMEXCPT
        .set    MXCSR_DEFAULT, 0x1f80           // all masked, to nearest, no flush to zero

        .text
        .globl  efi_start
        .p2align 4
efi_start:
        pushq   %rbx
        pushq   %rsi
        subq    $40, %rsp                       // 32 bytes for efi_main, and two MXCSRs; aligned to 16
        movq    %cr0, %rbx                      // rbx and rsi are efi_main's to keep
        movq    %cr4, %rsi
        movq    %rbx, %rax
        andq    $~CR0_EM_TS, %rax
        orq     $CR0_MP, %rax
        movq    %rax, %cr0
        movq    %rsi, %rax
        orq     $CR4_SSE, %rax
        movq    %rax, %cr4
        stmxcsr 32(%rsp)
        movl    $MXCSR_DEFAULT, 36(%rsp)
        ldmxcsr 36(%rsp)
        callq   efi_main                        // its arguments have not been touched
        ldmxcsr 32(%rsp)
        movq    %rsi, %cr4
        movq    %rbx, %cr0
        addq    $40, %rsp
        popq    %rsi
        popq    %rbx
        retq                                    // what efi_main returned
