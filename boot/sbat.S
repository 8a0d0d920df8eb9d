// Secure Boot Advanced Targeting: what shim compares with its list of revoked generations before it
// starts a signed program. Lines of component, generation, vendor, package, version and URL.
// https://github.com/rhboot/shim/blob/main/SBAT.md
        .section .sbat, "dr"
        .ascii  "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n"
        .ascii  "llama.efi,1,llama.efi authors,llama.efi,0.1,https://llama.efi.invalid/\n"
