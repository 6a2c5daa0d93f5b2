/**
 * The one importer of @peculiar/x509. Its dependency container refuses to load without `Reflect.getMetadata`, so the
 * polyfill that it asks for comes first.
 */
import "reflect-metadata";
export * from "@peculiar/x509";
